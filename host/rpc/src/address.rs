//! Where a process listens.

use std::{fmt, path::PathBuf, str::FromStr};

/// The port on which a scheduler listens where none is given: Dask's, since people know it.
const DEFAULT_PORT: u16 = 8786;

/// Where a process listens: `tcp://127.0.0.1:8786`, `unix:///run/wask.sock`, or, within one
/// process, `inproc://name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A TCP port. Port 0 asks the system for a free one.
    Tcp {
        /// A name or an IP address; an IPv6 address without its brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A Unix socket, by its path.
    Unix(PathBuf),
    /// A listener in this process, by its name.
    InProcess(String),
}

impl Address {
    /// Whether only this machine can reach it.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp { host, .. } => {
                host == "localhost"
                    || host
                        .parse()
                        .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            }
            Self::Unix(_) | Self::InProcess(_) => true,
        }
    }
}

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address: {reason}; write tcp://HOST:PORT or unix:///PATH")]
pub struct ParseAddressError {
    text: String,
    reason: &'static str,
}

impl FromStr for Address {
    type Err = ParseAddressError;

    /// Reads an address. `HOST:PORT` and `HOST` without a scheme mean TCP.
    fn from_str(text: &str) -> Result<Self, ParseAddressError> {
        let error = |reason| ParseAddressError {
            text: text.to_owned(),
            reason,
        };
        let (scheme, rest) = text.split_once("://").unwrap_or(("tcp", text));
        if rest.is_empty() {
            return Err(error("nothing follows the scheme"));
        }
        match scheme {
            "tcp" => parse_tcp(rest).map_err(error),
            "unix" => Ok(Self::Unix(rest.into())),
            "inproc" => Ok(Self::InProcess(rest.to_owned())),
            "tls" => Err(error("tls is reserved and not yet served")),
            _ => Err(error("the scheme is unknown")),
        }
    }
}

fn parse_tcp(text: &str) -> Result<Address, &'static str> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => {
            let port = rest.strip_prefix(':').ok_or("no `:` follows the `]`")?;
            (host, Some(port))
        }
        None => match text.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                return Err("an IPv6 address stands in brackets");
            }
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    if host.is_empty() || host.contains(['/', '@', ' ']) {
        return Err("the host is missing or malformed");
    }
    let port = port
        .map_or(Ok(DEFAULT_PORT), str::parse)
        .map_err(|_| "the port is no number")?;
    Ok(Address::Tcp {
        host: host.to_owned(),
        port,
    })
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::InProcess(name) => write!(f, "inproc://{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_and_print() {
        for (text, printed) in [
            ("tcp://10.0.0.7:41033", "tcp://10.0.0.7:41033"),
            ("localhost", "tcp://localhost:8786"),
            ("host:1", "tcp://host:1"),
            ("tcp://[::1]:5", "tcp://[::1]:5"),
            ("[::1]", "tcp://[::1]:8786"),
            ("unix:///run/w.sock", "unix:///run/w.sock"),
            ("inproc://a", "inproc://a"),
        ] {
            assert_eq!(
                text.parse::<Address>().map(|a| a.to_string()),
                Ok(printed.to_owned())
            );
        }
        for text in [
            "",
            "tcp://",
            "tls://a:1",
            "http://a",
            "a:b",
            "::1",
            "[::1]8787",
            "tcp://:1",
            "a:70000",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_only_this_machine_reaches_is_local() {
        for text in [
            "tcp://127.0.0.1:1",
            "tcp://[::1]:1",
            "localhost:1",
            "unix:///x",
        ] {
            assert!(
                text.parse::<Address>().is_ok_and(|a| a.is_local()),
                "{text}"
            );
        }
        assert!("0.0.0.0:1".parse::<Address>().is_ok_and(|a| !a.is_local()));
    }
}
