//! The policies of a route: which upstreams they name, and what they mean.

use http::{HeaderName, HeaderValue};

use crate::base::diagnostic::{Diagnostic, nearest};
use crate::caller_auth::Relation;
use crate::caller_auth::settings::Users;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::model::value::Kind;
use crate::policy::Policy;
use crate::policy::pinned::PinnedUsers;
use crate::policy::rules::{Condition, Rule};
use crate::policy::settings::{HeaderCondition, RuleSettings};
use crate::provider::template::message::Caller;
use crate::routes::compile::backends::{Common, Use};
use crate::routes::compile::builder::Builder;
use crate::routes::provider_side::ProviderSide;
use crate::routes::route_settings::RouteSettings;

impl Builder<'_> {
    /// The upstreams that a route's policies name, in the order of the manual.
    pub(crate) fn others(&mut self, settings: &RouteSettings, key: &str) -> Vec<Use> {
        let mut others = Vec::new();
        let mut add =
            |upstream: Option<usize>, key: String| others.extend(upstream.map(|upstream| Use { upstream, key }));
        for name in settings.pinned.0.keys() {
            let below = format!("pinned.{name}");
            add(self.upstream_of_key(name, &format!("{key}.{below}")), below);
        }
        for (name, rule) in &settings.rules {
            let below = format!("rules.{name}.upstream");
            add(self.named_upstream(&rule.upstream, &format!("{key}.{below}")), below);
        }
        for name in settings.split.iter().flat_map(|split| split.to.keys()) {
            let below = format!("split.to.{name}");
            add(self.upstream_of_key(name, &format!("{key}.{below}")), below);
        }
        for (index, name) in settings.fallback.iter().flat_map(|fallback| fallback.to.iter().enumerate()) {
            let below = format!("fallback.to.{index}");
            add(self.named_upstream(name, &format!("{key}.{below}")), below);
        }
        if let Some(shadow) = &settings.shadow {
            let below = "shadow.upstream".to_owned();
            add(self.named_upstream(&shadow.upstream, &format!("{key}.{below}")), below);
        }
        others
    }

    /// What the route's policies are; `None` where it has none.
    pub(crate) fn policy(&mut self, common: &Common<'_>, uses: &[Use]) -> Option<Policy> {
        let settings = common.settings;
        let sends_nobody = settings.pinned.0.is_empty() && settings.rules.is_empty() && settings.split.is_none();
        if sends_nobody && settings.fallback.is_none() && settings.shadow.is_none() && !settings.decision_headers {
            return None;
        }
        self.tokens_are_told_apart(common, uses);
        let pinned = self.pinned(common, uses);
        let rules = self.rules(common, uses);
        let split = settings.split.as_ref().and_then(|split| self.split(common, split, uses));
        let fallback = settings.fallback.as_ref().map(|fallback| self.fallback(common, fallback, uses));
        let shadow = settings.shadow.as_ref().and_then(|shadow| self.shadow(common, shadow, uses));
        Some(Policy { pinned, rules, split, fallback, shadow, adds_decision_headers: settings.decision_headers })
    }

    /// A token is shown to nobody but whoever made it, so it must be known who that is.
    fn tokens_are_told_apart(&mut self, common: &Common<'_>, uses: &[Use]) {
        let by_upstream = matches!(common.settings.callers.user, Some(Users::Upstream(_)));
        let is_theirs =
            |one: &&Use| self.upstreams[one.upstream].side().relation_to(&common.dialect) == Relation::SameProvider;
        let theirs = uses.iter().filter(is_theirs).count();
        let login = common.dialect.operations.get(&Operation::LoginBegin);
        let asks_user = login.is_some_and(|template| template.request.caller == Caller::User);
        if by_upstream && uses.len() > 1 && asks_user {
            let message = "the upstream judges who begins a login, so it must be known before who that is";
            let remedy = "let the gateway verify the tokens: `user = { jwt = { ... } }`";
            self.error(&format!("{}.callers.user", common.key), message, "this answer", remedy);
        } else if by_upstream && theirs > 1 {
            let message = format!(
                "{theirs} upstreams of this route know the tokens of {}, and each only its own",
                common.dialect.id
            );
            let remedy = "let the gateway verify the tokens: `user = { jwt = { ... } }`";
            self.error(&format!("{}.callers.user", common.key), message, "this answer", remedy);
        }
        let refreshes = common.dialect.operations.contains_key(&Operation::SessionRefresh);
        let is_left = common.left.contains(&Operation::SessionRefresh);
        if theirs > 1 && refreshes && !is_left && common.issuer.is_none() {
            let message = format!("{theirs} upstreams of this route make refresh tokens, and nothing tells them apart");
            let remedy =
                "write `exclude_operations = [\"session.refresh\"]`, or let an `issuer` of your own make the tokens";
            self.error(&common.key, message, "this route", remedy);
        }
    }

    /// The backend of an upstream. An unknown upstream has been reported before.
    pub(crate) fn backend_of(&self, name: &str, uses: &[Use]) -> Option<usize> {
        uses.iter().position(|one| &*self.upstreams[one.upstream].name == name)
    }

    fn pinned(&mut self, common: &Common<'_>, uses: &[Use]) -> PinnedUsers {
        let mut pinned = PinnedUsers::default();
        for (name, file) in &common.settings.pinned.0 {
            let Some(backend) = self.backend_of(name, uses) else { continue };
            if let Err(problem) = pinned.add(backend, &self.ground.base.join(file)) {
                let remedy = "write a file with one user or account a line, each in one list only";
                self.error(&format!("{}.pinned.{name}", common.key), problem, "this list", remedy);
            }
        }
        pinned
    }

    /// The rules in the order in which they are tried.
    fn rules(&mut self, common: &Common<'_>, uses: &[Use]) -> Vec<Rule> {
        let mut rules: Vec<_> = common.settings.rules.iter().collect();
        rules.sort_by_key(|(name, choose)| (choose.order, *name));
        let compile = |(name, rule): (&String, &RuleSettings)| {
            let conditions = self.conditions(common, name, rule);
            Some(Rule { name: name.as_str().into(), backend: self.backend_of(&rule.upstream, uses)?, conditions })
        };
        rules.into_iter().filter_map(compile).collect()
    }

    fn conditions(&mut self, common: &Common<'_>, name: &str, rule: &RuleSettings) -> Vec<Condition> {
        let key = format!("{}.rules.{name}", common.key);
        let mut conditions = Vec::new();
        let members = rule.when.flatten();
        if members.is_empty() && rule.header.is_none() {
            let message = format!("the rule `{name}` has no condition, and everybody would be meant");
            let remedy = "write `when.MEMBER = [...]` or `header = { name = ..., values = [...] }` in it";
            self.error(&key, message, "this rule", remedy);
        }
        for (name, values) in members {
            let key = format!("{key}.when.{name}");
            self.some_values(&key, values);
            let member = self.naming_member(&name, &key, &said(common, None), "no request of this route says");
            conditions.extend(member.map(|member| Condition::Member(member, values.to_vec())));
        }
        if let Some(HeaderCondition { name, values }) = &rule.header {
            let key = format!("{key}.header");
            self.some_values(&format!("{key}.values"), values);
            let field = self.field_name(name, &format!("{key}.name"));
            let values = values.iter().filter_map(|value| match HeaderValue::from_str(value) {
                Ok(value) => Some(value),
                Err(_) => {
                    let message = "a header field cannot have one of these values";
                    self.error(&format!("{key}.values"), message, "this list", "write visible characters only");
                    None
                }
            });
            let values = values.collect();
            conditions.extend(field.map(|field| Condition::Field(field, values)));
        }
        conditions
    }

    fn some_values(&mut self, key: &str, values: &[String]) {
        if values.is_empty() {
            self.error(key, "nothing can be one of no values", "this list", "write the values in it");
        }
    }

    pub(crate) fn field_name(&mut self, name: &str, key: &str) -> Option<HeaderName> {
        let field = HeaderName::from_bytes(name.as_bytes()).ok();
        if field.is_none() {
            self.error(key, "this is no header field's name", "this name", "write it like `x-cohort`");
        }
        field
    }

    /// A member of requests that tells callers apart: text, no secret, and one of those that are said.
    pub(crate) fn naming_member(&mut self, name: &str, key: &str, said: &[Member], unsaid: &str) -> Option<Member> {
        let known = said.iter().filter(|member| is_naming(**member)).map(|member| member.name());
        let known: Vec<_> = known.collect();
        let message = match Member::named(name) {
            Some(member) if member.is_secret(Direction::Request) => {
                format!("`{name}` is a secret, and says nothing of who calls")
            }
            Some(member) if member.kind() != Kind::Text => format!("`{name}` is {}, not text", member.kind().noun()),
            Some(member) if !said.contains(&member) => format!("{unsaid} `{name}`"),
            Some(member) => return Some(member),
            None => format!("there is no member `{name}`"),
        };
        let remedy = match nearest(name, known.iter().copied()) {
            Some(near) if near != name => format!("did you mean `{near}`?"),
            _ => format!("the members to write here are: {}", known.join(", ")),
        };
        self.diagnostics
            .push(self.ground.places.locate_key(Diagnostic::error(message).label("this member").remedy(remedy), key));
        None
    }
}

fn is_naming(member: Member) -> bool {
    member.kind() == Kind::Text && !member.is_secret(Direction::Request)
}

/// What requests of a route say: those of one operation, or of all that are no finish.
pub(crate) fn said(common: &Common<'_>, only: Option<Operation>) -> Vec<Member> {
    let wanted = |operation: Operation| only.map_or(!operation.is_finish(), |only| only == operation);
    let operations = common.dialect.operations.iter();
    let mut said = Vec::new();
    for (operation, template) in operations.filter(|(operation, _)| wanted(**operation)) {
        let carried = ProviderSide::Provider(&common.dialect).carried(*operation, Direction::Request, true);
        said.extend(carried.unwrap_or_default().into_iter().map(|(member, _)| member));
        if let (Caller::User, Some(Users::Jwt { jwt })) = (template.request.caller, &common.settings.callers.user) {
            said.extend(jwt.claims.keys().filter_map(|name| Member::named(name)));
        }
    }
    said.sort_unstable();
    said.dedup();
    said
}
