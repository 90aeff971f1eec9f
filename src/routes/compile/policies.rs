//! The policies of a route: pinned users, rules, split, fallback and shadow.

use http::{HeaderName, HeaderValue};

use crate::base::diagnostic::Diagnostic;
use crate::base::similar_name::nearest;
use crate::caller_auth::Relation;
use crate::caller_auth::caller_settings::UserSettings;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::model::value::ValueKind;
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
    /// The upstreams that a route's policies use, in the order in which policies are applied.
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

    /// The route's policies; `None` where it has none.
    pub(crate) fn policy(&mut self, common: &Common<'_>, uses: &[Use]) -> Option<Policy> {
        let settings = common.settings;
        let has_no_selection = settings.pinned.0.is_empty() && settings.rules.is_empty() && settings.split.is_none();
        if has_no_selection && settings.fallback.is_none() && settings.shadow.is_none() && !settings.decision_headers {
            return None;
        }
        self.reject_ambiguous_tokens(common, uses);
        let pinned = self.pinned(common, uses);
        let rules = self.rules(common, uses);
        let split = settings.split.as_ref().and_then(|split| self.split(common, split, uses));
        let fallback = settings.fallback.as_ref().map(|fallback| self.fallback(common, fallback, uses));
        let shadow = settings.shadow.as_ref().and_then(|shadow| self.shadow(common, shadow, uses));
        Some(Policy { pinned, rules, split, fallback, shadow, adds_decision_headers: settings.decision_headers })
    }

    /// Reports routes on which the issuer of a token cannot be determined: a token is only sent to its issuer.
    fn reject_ambiguous_tokens(&mut self, common: &Common<'_>, uses: &[Use]) {
        let by_upstream = matches!(common.settings.callers.user, Some(UserSettings::Upstream(_)));
        let is_theirs =
            |one: &&Use| self.upstreams[one.upstream].side().relation_to(&common.dialect) == Relation::SameProvider;
        let theirs = uses.iter().filter(is_theirs).count();
        let login = common.dialect.operations.get(&Operation::LoginBegin);
        let asks_user = login.is_some_and(|template| template.request.caller == Caller::User);
        if by_upstream && uses.len() > 1 && asks_user {
            let message = "`user = \"upstream\"` is not possible here: the upstream is selected by the user, and the user is known only after an upstream has verified the token";
            let remedy = "let the gateway verify the tokens: `user = { jwt = { ... } }`";
            self.error(&format!("{}.callers.user", common.key), message, "this value", remedy);
        } else if by_upstream && theirs > 1 {
            let message = format!(
                "{theirs} upstreams of this route issue tokens of {}, and each verifies only its own",
                common.dialect.display_name
            );
            let remedy = "let the gateway verify the tokens: `user = { jwt = { ... } }`";
            self.error(&format!("{}.callers.user", common.key), message, "this value", remedy);
        }
        let refreshes = common.dialect.operations.contains_key(&Operation::SessionRefresh);
        let is_excluded = common.excluded.contains(&Operation::SessionRefresh);
        if theirs > 1 && refreshes && !is_excluded && common.issuer.is_none() {
            let message = format!(
                "{theirs} upstreams of this route issue refresh tokens, and their tokens cannot be distinguished"
            );
            let remedy = "set `exclude_operations = [\"session.refresh\"]`, or set `issuer` to an embedded upstream that issues the tokens";
            self.error(&format!("{}.exclude_operations", common.key), message, "this route", remedy);
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
            if let Err(problem) = pinned.add(backend, &self.input.base.join(file)) {
                let remedy = "name a readable file with one user or account per line, each in one file only";
                self.error(&format!("{}.pinned.{name}", common.key), problem, "this file", remedy);
            }
        }
        pinned
    }

    /// The rules in their order.
    fn rules(&mut self, common: &Common<'_>, uses: &[Use]) -> Vec<Rule> {
        let mut rules: Vec<_> = common.settings.rules.iter().collect();
        rules.sort_by_key(|(name, rule)| (rule.order, *name));
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
            let message = format!("the rule `{name}` has no condition and would match every request");
            let remedy = "add `when.MEMBER = [...]` or `header = { name = ..., values = [...] }`";
            self.error(&key, message, "this rule", remedy);
        }
        for (name, values) in members {
            let key = format!("{key}.when.{name}");
            self.some_values(&key, values);
            let member = self.identifying_member(
                &name,
                &key,
                &request_members(common, None),
                "no request of this route carries",
            );
            conditions.extend(member.map(|member| Condition::Member(member, values.to_vec())));
        }
        if let Some(HeaderCondition { name, values }) = &rule.header {
            let key = format!("{key}.header");
            self.some_values(&format!("{key}.values"), values);
            let field = self.field_name(name, &format!("{key}.name"));
            let values = values.iter().filter_map(|value| match HeaderValue::from_str(value) {
                Ok(value) => Some(value),
                Err(_) => {
                    let message = "`header.values` contains an invalid header field value";
                    self.error(&format!("{key}.values"), message, "this list", "use visible ASCII characters only");
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
            self.error(key, "an empty list matches no request", "this list", "add at least one value");
        }
    }

    pub(crate) fn field_name(&mut self, name: &str, key: &str) -> Option<HeaderName> {
        let field = HeaderName::from_bytes(name.as_bytes()).ok();
        if field.is_none() {
            self.error(key, "this is not a valid header field name", "this name", "for example: `x-cohort`");
        }
        field
    }

    /// A member that identifies callers: text, not a secret, and carried by requests of the route.
    pub(crate) fn identifying_member(
        &mut self,
        name: &str,
        key: &str,
        carried: &[Member],
        absent: &str,
    ) -> Option<Member> {
        let known = carried.iter().filter(|member| is_identifying(**member)).map(|member| member.name());
        let known: Vec<_> = known.collect();
        let message = match Member::named(name) {
            Some(member) if member.is_secret(Direction::Request) => {
                format!("`{name}` is a secret and cannot be used to select an upstream")
            }
            Some(member) if member.kind() != ValueKind::Text => {
                format!("`{name}` is {}, not a string", member.kind().noun())
            }
            Some(member) if !carried.contains(&member) => format!("{absent} `{name}`"),
            Some(member) => return Some(member),
            None => format!("unknown member `{name}`"),
        };
        let remedy = match nearest(name, known.iter().copied()) {
            Some(near) if near != name => format!("did you mean `{near}`?"),
            _ => format!("the possible members are: {}", known.join(", ")),
        };
        self.diagnostics
            .push(self.input.places.locate_key(Diagnostic::error(message).label("this member").remedy(remedy), key));
        None
    }
}

fn is_identifying(member: Member) -> bool {
    member.kind() == ValueKind::Text && !member.is_secret(Direction::Request)
}

/// The members that requests of a route carry: those of one operation, or of all but the finishes.
pub(crate) fn request_members(common: &Common<'_>, only: Option<Operation>) -> Vec<Member> {
    let wanted = |operation: Operation| only.map_or(!operation.is_finish(), |only| only == operation);
    let operations = common.dialect.operations.iter();
    let mut members = Vec::new();
    for (operation, template) in operations.filter(|(operation, _)| wanted(**operation)) {
        let carried = ProviderSide::Provider(&common.dialect).members_of(*operation, Direction::Request, true);
        members.extend(carried.unwrap_or_default().into_iter().map(|(member, _)| member));
        if let (Caller::User, Some(UserSettings::Jwt { jwt })) =
            (template.request.caller, &common.settings.callers.user)
        {
            members.extend(jwt.claims.keys().filter_map(|name| Member::named(name)));
        }
    }
    members.sort_unstable();
    members.dedup();
    members
}
