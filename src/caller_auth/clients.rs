//! Clients with an id and a secret (RFC 6749 section 2.3.1), and public clients without a secret.
//!
//! An unknown id and a wrong secret take the same time and get the same response. A secret sent by a public client
//! is ignored.

use std::path::Path;

use secrecy::ExposeSecret as _;

use crate::base::diagnostic::Diagnostic;
use crate::caller_auth::caller_settings::{Anyone, ClientSecret, ClientSettings, PublicClient};
use crate::caller_auth::digest::Digest;
use crate::caller_auth::finding::{Findings, unreadable};
use crate::model::fault::Refusal;
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;

/// The accepted clients.
#[derive(Debug)]
pub(super) enum Clients {
    Anyone,
    Listed(Vec<Client>),
}

#[derive(Debug)]
pub(super) struct Client {
    id: Digest,
    /// For a public client the digest of an empty text, which is compared but ignored.
    secret: Digest,
    is_public: bool,
}

impl Clients {
    pub(super) fn compile(clients: &ClientSettings, base: &Path, findings: &mut Findings) -> Self {
        let clients = match clients {
            ClientSettings::Anyone(Anyone::Anyone) => return Self::Anyone,
            ClientSettings::Listed(clients) => clients,
        };
        if clients.is_empty() {
            let message = "the table of clients is empty, so every caller would be refused";
            let remedy = "write `\"CLIENT_ID\" = \"env:NAME\"` for each client, or `client = \"anyone\"`";
            findings.push("callers.client", Diagnostic::error(message).label("this table").remedy(remedy));
        }
        let mut known: Vec<(&str, Client)> = Vec::new();
        for (id, secret) in clients {
            let Some(client) = Client::compile(id, secret, base, findings) else { continue };
            let duplicate = known.iter().find(|(_, other)| !client.is_public && other.secret.is(&client.secret));
            if let Some((other, _)) = duplicate {
                let message = format!("the clients `{other}` and `{id}` have the same secret");
                let remedy = "give each client its own secret; otherwise one can impersonate the other";
                let finding = Diagnostic::warning(message).label("this client").remedy(remedy);
                findings.push(format!("callers.client.{id}"), finding);
            }
            known.push((id, client));
        }
        Self::Listed(known.into_iter().map(|(_, client)| client).collect())
    }

    /// Whether the client has a secret. The secret that a public client sends proves nothing.
    pub(super) fn admit(&self, request: &dyn Record<'_>) -> Result<bool, Refusal> {
        let Some(Value::Text(id)) = request.value(Member::ClientId) else {
            return Err(Refusal::unauthenticated("the client id is missing"));
        };
        let known = match self {
            Self::Anyone => return Ok(request.value(Member::ClientSecret).is_some()),
            Self::Listed(known) => known,
        };
        let id = Digest::of(&id);
        let secret = request.value(Member::ClientSecret);
        let secret = if let Some(Value::Text(secret)) = &secret { secret } else { "" }; // a present secret is never empty
        let secret = Digest::of(secret);
        let (mut is_known, mut is_proved, mut is_public) = (false, false, false);
        for client in known {
            // `&` and `|` instead of `&&` and `||`, so that each client takes the same two comparisons.
            let is_it = client.id.is(&id);
            let is_right = client.secret.is(&secret) | client.is_public;
            is_known |= is_it;
            is_proved |= is_it & is_right;
            is_public |= is_it & client.is_public;
        }
        match (is_proved, is_known) {
            (true, _) => Ok(!is_public),
            (false, true) => Err(Refusal::unauthenticated("the client secret is missing or wrong")),
            (false, false) => Err(Refusal::unauthenticated("the client id is unknown")),
        }
    }
}

impl Client {
    fn compile(id: &str, secret: &ClientSecret, base: &Path, findings: &mut Findings) -> Option<Self> {
        if id.is_empty() {
            let finding = Diagnostic::error("a client id is empty");
            findings.push("callers.client", finding.label("this table").remedy("write the client's id"));
            return None;
        }
        let (secret, is_public) = match secret {
            ClientSecret::Public(PublicClient::Public) => (Digest::of(""), true),
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
