//! MySQL and MariaDB targets: URLs, `MYSQL_*` variables and option files (`~/.my.cnf`).

use super::{Environment, Target, TargetError, url::Url};
use crate::plan::Engine;

/// A target from a `mysql://` or `mariadb://` URL.
pub(super) fn from_url(_engine: Engine, url: &Url, _environment: &Environment) -> Result<Target, TargetError> {
    Err(TargetError::Malformed { text: url.redacted.clone(), problem: "MySQL is not built yet".to_owned() })
}

/// A target from MySQL's variables and option files; `None` when they name no server.
pub(super) fn from_environment(_environment: &Environment) -> Option<Result<Target, TargetError>> {
    None
}
