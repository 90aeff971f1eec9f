//! Applications with an id and a secret (RFC 6749 section 2.3.1), or public ones without.
//!
//! An unknown id and a wrong secret take the same work and read the same to the caller. What a
//! public client sends as a secret is ignored.

use std::path::Path;

use secrecy::ExposeSecret as _;

use crate::base::diagnostic::Diagnostic;
use crate::caller_auth::digest::Digest;
use crate::caller_auth::finding::{Findings, unreadable};
use crate::caller_auth::settings::{self, ClientSecret, Public};
use crate::caller_auth::unauthenticated;
use crate::model::fault::Refusal;
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;

/// Which clients are taken.
#[derive(Debug)]
pub(super) enum Clients {
    Anyone,
    These(Vec<Client>),
}

#[derive(Debug)]
pub(super) struct Client {
    id: Digest,
    /// Of a public client the digest of nothing: it is compared like the others, and does not count.
    secret: Digest,
    is_public: bool,
}

impl Clients {
    pub(super) fn compile(clients: &settings::Clients, base: &Path, findings: &mut Findings) -> Self {
        let clients = match clients {
            settings::Clients::Anyone(settings::Anyone::Anyone) => return Self::Anyone,
            settings::Clients::These(clients) => clients,
        };
        if clients.is_empty() {
            let message = "the table of clients is empty, so nobody could call";
            let remedy = "write `\"the client's id\" = \"env:NAME\"` for each client, or `\"anyone\"` for the table";
            findings.push("callers.client", Diagnostic::error(message).label("this table").remedy(remedy));
        }
        let mut known: Vec<(&str, Client)> = Vec::new();
        for (id, secret) in clients {
            let Some(client) = Client::compile(id, secret, base, findings) else { continue };
            let twin = known.iter().find(|(_, other)| !client.is_public && other.secret.is(&client.secret));
            if let Some((other, _)) = twin {
                let message = format!("the clients `{other}` and `{id}` have the same secret");
                let remedy = "give each client a secret of its own, or one can pass for the other";
                let finding = Diagnostic::warning(message).label("this client").remedy(remedy);
                findings.push(format!("callers.client.{id}"), finding);
            }
            known.push((id, client));
        }
        Self::These(known.into_iter().map(|(_, client)| client).collect())
    }

    pub(super) fn admit(&self, request: &dyn Record<'_>) -> Result<(), Refusal> {
        let Some(Value::Text(id)) = request.value(Member::ClientId) else {
            return Err(unauthenticated("there is no client id"));
        };
        let known = match self {
            Self::Anyone => return Ok(()),
            Self::These(known) => known,
        };
        let id = Digest::of(&id);
        let secret = request.value(Member::ClientSecret);
        let secret = if let Some(Value::Text(secret)) = &secret { secret } else { "" }; // and none is empty
        let secret = Digest::of(secret);
        let (mut is_known, mut is_proved) = (false, false);
        for client in known {
            // `&` and `|`: every client costs the same two comparisons.
            let is_it = client.id.is(&id);
            let is_right = client.secret.is(&secret) | client.is_public;
            is_known |= is_it;
            is_proved |= is_it & is_right;
        }
        match (is_proved, is_known) {
            (true, _) => Ok(()),
            (false, true) => Err(unauthenticated("the client's secret is missing or wrong")),
            (false, false) => Err(unauthenticated("the client id is not one of the route's")),
        }
    }
}

impl Client {
    fn compile(id: &str, secret: &ClientSecret, base: &Path, findings: &mut Findings) -> Option<Self> {
        if id.is_empty() {
            let finding = Diagnostic::error("a client has an empty id, which no request can carry");
            findings.push("callers.client", finding.label("this table").remedy("write the client's id"));
            return None;
        }
        let (secret, is_public) = match secret {
            ClientSecret::Public(Public::Public) => (Digest::of(""), true),
            ClientSecret::Secret(reference) => match reference.resolve(base) {
                Ok(secret) => (Digest::of(secret.expose_secret()), false),
                Err(problem) => {
                    let what = format!("the secret of the client `{id}`");
                    findings.push(format!("callers.client.{id}"), unreadable(&what, reference, &problem));
                    return None;
                }
            },
        };
        Some(Self { id: Digest::of(id), secret, is_public })
    }
}
