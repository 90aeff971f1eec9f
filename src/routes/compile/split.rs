//! The split of a route: its parts add up, can grow on their own, and have something to go by.

use crate::base::diagnostic::Diagnostic;
use crate::model::operation::Operation;
use crate::policy::percent::WHOLE;
use crate::policy::settings::{Only, SplitSettings};
use crate::policy::split::{Split, SplitPart};
use crate::routes::compile::backends::{Common, Use};
use crate::routes::compile::builder::Builder;
use crate::routes::compile::policies::said;
use crate::routes::upstream::UpstreamKind;

impl Builder<'_> {
    pub(crate) fn split(&mut self, common: &Common<'_>, settings: &SplitSettings, uses: &[Use]) -> Option<Split> {
        let key = format!("{}.split", common.key);
        let parts = self.parts(common, settings, uses, &key);
        let (begin, all) = (said(common, Some(Operation::LoginBegin)), said(common, None));
        let mut by = Vec::new();
        for name in &settings.by {
            // What nobody wrote may name what this dialect does not say.
            let is_default = *settings.by == ["user.id", "user.email"];
            if is_default && !all.iter().any(|member| member.name() == name) {
                continue;
            }
            by.extend(self.naming_member(name, &format!("{key}.by"), &all, "no request of this route says"));
        }
        let header = settings.header.as_ref().and_then(|name| self.field_name(name, &format!("{key}.header")));
        let is_known = by.iter().any(|member| begin.contains(member));
        if !is_known && settings.header.is_none() && !settings.cookie {
            let message = "no `login.begin` of this route says who signs in, so nobody would be dealt a part";
            let remedy = "write `header = \"...\"` where the client has one of its own, or `cookie = true`";
            self.error(&key, message, "this split", remedy);
        }
        if settings.cookie && common.settings.cors.is_some() {
            let message = "a page of another origin sends no cookie, and would be dealt a part anew each time";
            let remedy = "let the page send a header field of its own, and name it in `header`";
            let finding = Diagnostic::warning(message).label("this cookie").remedy(remedy);
            self.diagnostics.push(self.ground.places.locate(finding, &format!("{key}.cookie")));
        }
        let Some(secret) = self.ground.hash_secret else {
            let message = "a split needs a secret that decides whose turn it is";
            let remedy = "write `hash_key = \"env:HASH_KEY\"` in `[gateway]`; `openssl rand -base64 48` makes one";
            self.error(&key, message, "this split", remedy);
            return None;
        };
        let cohort = settings.cohort.as_deref().unwrap_or(common.name);
        let split = Split::new(secret, cohort, by, parts).with_header(header);
        Some(if settings.cookie { split.with_cookie(secret) } else { split })
    }

    fn parts(&mut self, common: &Common<'_>, settings: &SplitSettings, uses: &[Use], key: &str) -> Vec<SplitPart> {
        let key = format!("{key}.to");
        let mut parts: Vec<SplitPart> = Vec::new();
        for (name, share) in &settings.to {
            let Some(backend) = self.backend_of(name, uses) else { continue };
            if backend == 0 {
                let message = format!("`{name}` is the route's own upstream, which has the rest");
                self.error(&format!("{key}.{name}"), message, "this part", "take it out");
                continue;
            }
            let share = share.settings();
            let is_embedded = matches!(self.upstreams[uses[backend].upstream].kind, UpstreamKind::Embedded(_));
            if share.only.is_some() && !is_embedded {
                let message = format!("the upstream `{name}` does not say whose passkeys it could verify");
                let remedy = "leave `only` out, or send the part to an upstream whose provider is `embedded`";
                self.error(&format!("{key}.{name}.only"), message, "this word", remedy);
            }
            let only_proven = share.only == Some(Only::Proven);
            parts.push(SplitPart { backend, percent: share.percent, from: share.from, only_proven });
        }
        match &parts[..] {
            [] if settings.to.is_empty() => {
                self.error(
                    &key,
                    "a split has a part",
                    "this split",
                    format!("write `to.UPSTREAM = 10` in `[{}.split]`", common.key),
                );
            }
            [one, two] if one.from == two.from => {
                let message = "two parts from one end cannot grow without moving each other's users";
                let remedy = "write one of them as `{ percent = ..., from = \"top\" }`";
                self.error(&key, message, "these parts", remedy);
            }
            [_, _, _, ..] => {
                let message = "a row of users has two ends, and so a split has two parts at most beside the rest";
                self.error(&key, message, "these parts", "take one out, or pin its users by a list");
            }
            _ if parts.iter().map(|part| part.percent.parts()).sum::<u32>() > WHOLE => {
                self.error(&key, "the parts are more than 100 %", "these parts", "leave them 100 % together, or less");
            }
            _ => {}
        }
        parts
    }
}
