//! A target as a text that leads to it again. It holds no password: that comes from where passwords are kept, or is asked for.

use std::fmt::Write as _;

use super::{ChannelBinding, Target, TlsMode};
use crate::plan::Engine;

impl Target {
    /// What [`Target::resolve`] reads as this target, but for its password: keywords of libpq, or a URL.
    #[must_use]
    pub fn address(&self) -> String {
        match self.engine {
            Engine::PostgreSql => self.keywords(),
            Engine::MySql | Engine::MariaDb => self.url(),
        }
    }

    fn keywords(&self) -> String {
        let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
        let mut pairs = vec![
            ("host", self.socket.as_deref().map_or_else(|| self.host.clone(), path)),
            ("port", self.port.to_string()),
            ("user", self.user.clone()),
        ];
        let mut add = |name, value: Option<String>| pairs.extend(value.map(|value| (name, value)));
        add("dbname", self.database.clone());
        add("hostaddr", self.postgres.address.map(|address| address.to_string()));
        add("sslmode", (self.tls != TlsMode::Prefer).then(|| self.tls.name().to_owned()));
        add("sslrootcert", self.root_certificate.as_deref().map(path));
        if let Some((certificate, key)) = &self.postgres.client_certificate {
            add("sslcert", Some(path(certificate)));
            add("sslkey", Some(path(key)));
        }
        add("options", self.postgres.options.clone());
        let binding = match self.postgres.channel_binding {
            ChannelBinding::Disable => Some("disable".to_owned()),
            ChannelBinding::Prefer => None,
            ChannelBinding::Require => Some("require".to_owned()),
        };
        add("channel_binding", binding);
        let quoted = |(name, value): &(&str, String)| {
            let plain = !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c));
            let value =
                if plain { value.clone() } else { format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'")) };
            format!("{name}={value}")
        };
        pairs.iter().map(quoted).collect::<Vec<_>>().join(" ")
    }

    fn url(&self) -> String {
        let scheme = if self.engine == Engine::MariaDb { "mariadb" } else { "mysql" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let host = if self.socket.is_some() { "localhost".to_owned() } else { host };
        let mut out = format!("{scheme}://{}@{host}:{}", encoded(&self.user), self.port);
        if let Some(database) = &self.database {
            let _ = write!(out, "/{}", encoded(database));
        }
        let mut parameters = Vec::new();
        if let Some(socket) = &self.socket {
            parameters.push(format!("socket={}", encoded(&socket.to_string_lossy())));
        }
        if self.tls != TlsMode::Prefer {
            parameters.push(format!("sslmode={}", self.tls.name()));
        }
        if let Some(file) = &self.root_certificate {
            parameters.push(format!("ssl-ca={}", encoded(&file.to_string_lossy())));
        }
        if !parameters.is_empty() {
            let _ = write!(out, "?{}", parameters.join("&"));
        }
        out
    }
}

impl TlsMode {
    /// The mode as libpq names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// Percent-encodes what is not unreserved in RFC 3986.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Environment, Target};

    #[test]
    fn an_address_leads_to_the_same_target_and_holds_no_password() {
        let environment = Environment { user: Some("os".into()), ..Environment::default() };
        for text in [
            "postgres://ann:s3cr%3Dt@db.example:5433/shop?sslmode=verify-full&sslrootcert=/etc/ca.crt",
            "postgres://ann:s3cr%3Dt@[::1]/a%20b'c%5Cd?sslmode=disable",
            "host=/run/x user='o\\'k' password=s3cr=t options='-c geqo=off' channel_binding=require",
            "host=db hostaddr=127.0.0.1 user=ann password=s3cr=t sslcert=/c.crt sslkey=/c.key sslmode=require",
            "mysql://ann:s3cr%3Dt@db:3307/shop?ssl-mode=VERIFY_CA&ssl-ca=/etc/my%20ca.pem",
            "mariadb://a%40n:s3cr%3Dt@localhost/shop?socket=/run/my%20sql.sock",
            "mysql://root:s3cr%3Dt@127.0.0.1",
        ] {
            let target = Target::resolve(Some(text), &environment).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert!(target.password.is_some(), "{text}");
            let address = target.address();
            assert!(!address.contains("s3cr"), "{address}");
            let again = Target::resolve(Some(&address), &environment).unwrap_or_else(|e| panic!("{address}: {e}"));
            assert!(again.password.is_none());
            let known = |t: &Target| {
                let place = (t.engine, t.host.clone(), t.port, t.socket.clone(), t.user.clone(), t.database.clone());
                (place, t.tls, t.root_certificate.clone(), t.postgres.clone())
            };
            let (mut before, mut after) = (known(&target), known(&again));
            if target.socket.is_some() {
                // Behind a socket the host is no part of where it leads.
                before.0.1.clear();
                after.0.1.clear();
            }
            assert_eq!(before, after, "{address}");
        }
    }
}
