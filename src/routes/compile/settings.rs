//! The settings of a route that are checked on their own: hosts, prefix, operations, `relax`, `fill`, issuer.

use url::Url;

use crate::base::host::host as valid_host;
use crate::base::similar_name::{did_you_mean, nearest};
use crate::model::member::Member;
use crate::model::operation::Operation;
use crate::model::value::ValueKind;
use crate::provider::descriptor::Provider;
use crate::provider::template::placeholder::Need;
use crate::routes::assignment::Assignment;
use crate::routes::compile::builder::Builder;
use crate::routes::route_settings::RouteSettings;
use crate::routes::upstream::UpstreamKind;

/// Whether a browser can send it as the `Origin` of one page: `*`, `null` and a name without a scheme are not.
fn is_web_origin(origin: &str) -> bool {
    Url::parse(origin)
        .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.origin().ascii_serialization() == origin)
}

impl Builder<'_> {
    /// Reports constants in `fill` that name the user, unless every upstream request names one constant user.
    pub(crate) fn reject_constant_user(&mut self, key: &str, fill: &[Assignment], one_user: bool) {
        for assignment in fill.iter().filter(|assignment| assignment.reference().is_none() && !one_user) {
            let member = assignment.member;
            if matches!(member, Member::UserId | Member::UserEmail | Member::UserHandle | Member::CredentialHandle) {
                let message = format!("a constant `{}` would name the same user in every response", member.name());
                let remedy = "use a member that names the user, such as `\"{user.email}\"`, or remove it";
                self.error(&format!("{key}.fill.{}", member.name()), message, "this constant", remedy);
            }
        }
    }

    pub(crate) fn hosts(&mut self, hosts: &[String], key: &str) {
        for host in hosts.iter().filter(|host| valid_host(host) != Some(host.as_str())) {
            let message = format!("`{host}` is not a host name");
            self.error(key, message, "this list", "write the name without scheme, port and path");
        }
    }

    /// Reports CORS origins that match no page, or every page.
    pub(crate) fn cors(&mut self, settings: &RouteSettings, key: &str) {
        let origins = settings.cors.iter().flat_map(|cors| &cors.origins);
        for origin in origins.filter(|origin| !is_web_origin(origin)) {
            let message = format!("`{origin}` is not the origin of a page");
            let remedy = "list each origin with scheme, host and port, such as `https://app.example.com`";
            self.error(&format!("{key}.cors.origins"), message, "this list", remedy);
        }
    }

    pub(crate) fn prefix(&mut self, prefix: &str, key: &str) -> bool {
        let good = prefix.is_empty() || (prefix.starts_with('/') && !prefix.ends_with('/'));
        if !good {
            self.error(
                key,
                "a prefix starts with `/` and does not end with `/`",
                "this value",
                "for example: `/api/v4`",
            );
        }
        good
    }

    /// The operations that the route must serve.
    pub(crate) fn required_operations(&mut self, settings: &RouteSettings, key: &str) -> Vec<Operation> {
        let mut operations = vec![Operation::LoginBegin, Operation::LoginFinish];
        operations.extend(self.named_operations(&settings.required_operations, &format!("{key}.required_operations")));
        operations
    }

    /// The operations that the route does not serve; it always serves logins.
    pub(crate) fn excluded_operations(&mut self, settings: &RouteSettings, key: &str) -> Vec<Operation> {
        let key = format!("{key}.exclude_operations");
        let excluded = self.named_operations(&settings.exclude_operations, &key);
        for login in excluded.iter().filter(|one| matches!(one, Operation::LoginBegin | Operation::LoginFinish)) {
            let message = format!("`{}` cannot be excluded from a route", login.name());
            self.error(&key, message, "this list", "remove it, or remove the route");
        }
        excluded
    }

    fn named_operations(&mut self, names: &[String], key: &str) -> Vec<Operation> {
        let mut operations = Vec::new();
        for name in names {
            match Operation::named(name) {
                Some(operation) => operations.push(operation),
                None => {
                    let remedy = did_you_mean(name, Operation::ALL.map(Operation::name), "the operations are");
                    self.error(key, format!("unknown operation `{name}`"), "this list", remedy);
                }
            }
        }
        operations
    }

    pub(crate) fn relax(&mut self, settings: &RouteSettings, key: &str, dialect: &Provider) -> Vec<Member> {
        let mut relaxed = Vec::new();
        for name in settings.relax.iter().filter(|name| !matches!(name.as_str(), "subject" | "one_user")) {
            let key = format!("{key}.relax");
            let Some(member) = Member::named(name) else {
                let members = Member::ALL.iter().map(|member| member.name());
                let remedy = match nearest(name, members.chain(["subject", "one_user"])) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "use a member that the dialect requires, `subject` or `one_user`".to_owned(),
                };
                self.error(&key, format!("unknown member `{name}`"), "this list", remedy);
                continue;
            };
            let required = dialect.operations.values().any(|template| {
                let carried = template.response.message.carried();
                carried.iter().any(|(known, need)| *known == member && *need == Need::Required)
            });
            if !matches!(member.kind(), ValueKind::Text | ValueKind::Texts | ValueKind::List)
                || member == Member::Session
            {
                let message = format!("`{name}` is {} and cannot be empty", member.kind().noun());
                let remedy = match member.kind() {
                    ValueKind::Number | ValueKind::Flag => "remove it, and set it to a constant in the route's `fill`",
                    ValueKind::Text | ValueKind::Bytes | ValueKind::Texts | ValueKind::Json | ValueKind::List => {
                        "remove it"
                    }
                };
                self.error(&key, message, "this list", remedy);
            } else if !required {
                let message = format!("no response of {} requires `{name}`", dialect.display_name);
                self.error(&key, message, "this list", "remove it");
            } else {
                relaxed.push(member);
            }
        }
        relaxed
    }

    pub(crate) fn issuer(&mut self, settings: &RouteSettings, key: &str) -> Option<Option<usize>> {
        let name = settings.issuer.as_ref()?;
        let key = format!("{key}.issuer");
        let index = self.named_upstream(name, &key);
        if let Some(index) = index
            && !matches!(self.upstreams[index].kind, UpstreamKind::Embedded(_))
        {
            let message = format!("the upstream `{name}` is not embedded and cannot issue tokens");
            self.error(&key, message, "this name", "use an upstream with `provider = \"embedded\"`");
        }
        Some(index)
    }
}
