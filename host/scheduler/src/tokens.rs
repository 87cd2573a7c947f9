//! Who may come in as what.

use wask_rpc::{Refusal, RefusalCode, Secret};
use wask_schema::common_capnp::credential;

use crate::Error;

/// The secrets that clients and workers must show: one for each kind, so that a client cannot join
/// as a worker, and see and answer what others compute.
#[derive(Clone, Debug)]
pub struct Tokens {
    clients: Secret,
    workers: Secret,
}

/// What a peer wants to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Worker,
}

impl Tokens {
    /// One token for clients, one for workers.
    ///
    /// # Errors
    ///
    /// [`Error::SameTokens`] where they are equal.
    pub fn new(clients: impl Into<String>, workers: impl Into<String>) -> Result<Self, Error> {
        let (clients, workers) = (clients.into(), workers.into());
        match clients == workers {
            true => Err(Error::SameTokens),
            false => Ok(Self {
                clients: Secret::new(clients.into_bytes()),
                workers: Secret::new(workers.into_bytes()),
            }),
        }
    }

    /// Refuses who does not show the token of its kind.
    pub(crate) fn check(
        &self,
        role: Role,
        credential: credential::Reader<'_>,
    ) -> Result<Result<(), Refusal>, wask_rpc::Error> {
        let message = match credential.which()? {
            credential::Token(shown) => match self.message(role, shown?.as_bytes()) {
                None => return Ok(Ok(())),
                Some(message) => message,
            },
            credential::None(()) => match role {
                Role::Client => "this scheduler asks for a token; give it with --token-file",
                Role::Worker => {
                    "this scheduler asks for the token of workers; give it with --worker-token-file"
                }
            },
            credential::Ticket(_) => "a ticket reads results from workers; it is no way in here",
            credential::Peer(_) => "the key between workers opens no other door",
        };
        Ok(Err(Refusal::new(RefusalCode::Credential, message)))
    }

    /// What is wrong with a token, if anything is.
    fn message(&self, role: Role, shown: &[u8]) -> Option<&'static str> {
        // Both are compared always, so that the time tells nothing.
        let (is_client, is_worker) = (self.clients.is(shown), self.workers.is(shown));
        match role {
            Role::Client if is_client => None,
            Role::Worker if is_worker => None,
            Role::Client if is_worker => {
                Some("this is the token of workers, which lets no client in; use that of clients")
            }
            Role::Worker if is_client => {
                Some("this is the token of clients, and a client cannot join as a worker")
            }
            _ => Some("the token is not the one this scheduler was started with"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_token_of_its_own() {
        let tokens = Tokens::new("c", "w").unwrap();
        let message = |role, shown: &str| tokens.message(role, shown.as_bytes());
        assert_eq!(message(Role::Client, "c"), None);
        assert_eq!(message(Role::Worker, "w"), None);
        let of_workers = message(Role::Client, "w").unwrap();
        assert!(of_workers.contains("token of workers"), "{of_workers}");
        let of_clients = message(Role::Worker, "c").unwrap();
        assert!(of_clients.contains("token of clients"), "{of_clients}");
        assert_eq!(message(Role::Client, ""), message(Role::Worker, "x"));
        assert!(matches!(Tokens::new("c", "c"), Err(Error::SameTokens)));
    }
}
