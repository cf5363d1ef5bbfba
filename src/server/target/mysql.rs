//! MySQL and MariaDB targets: URLs, `MYSQL_*` variables and option files (`~/.my.cnf`).
