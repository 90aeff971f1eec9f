//! The split of a route: its parts add up, each can grow on its own, and users can be assigned to them.

use crate::base::diagnostic::Diagnostic;
use crate::model::operation::Operation;
use crate::policy::percent::WHOLE;
use crate::policy::settings::{Only, SplitSettings};
use crate::policy::split::{Split, SplitPart};
use crate::routes::compile::backends::{Common, Use};
use crate::routes::compile::builder::Builder;
use crate::routes::compile::policies::request_members;
use crate::routes::upstream::UpstreamKind;

impl Builder<'_> {
    pub(crate) fn split(&mut self, common: &Common<'_>, settings: &SplitSettings, uses: &[Use]) -> Option<Split> {
        let key = format!("{}.split", common.key);
        let parts = self.parts(common, settings, uses, &key);
        let (begin, all) = (request_members(common, Some(Operation::LoginBegin)), request_members(common, None));
        let mut by = Vec::new();
        for name in &settings.by {
            // The default names members that not every dialect has.
            let is_default = *settings.by == ["user.id", "user.email"];
            if is_default && !all.iter().any(|member| member.name() == name) {
                continue;
            }
            by.extend(self.identifying_member(name, &format!("{key}.by"), &all, "no request of this route carries"));
        }
        let header = settings.header.as_ref().and_then(|name| self.field_name(name, &format!("{key}.header")));
        let is_known = by.iter().any(|member| begin.contains(member));
        if !is_known && settings.header.is_none() && !settings.cookie {
            let message = "a percentage cannot be applied: `login.begin` of this route does not identify the user";
            let remedy = "set `header` to a header field that identifies the client, or set `cookie = true`";
            self.error(&key, message, "this split", remedy);
        }
        if settings.cookie && common.settings.cors.is_some() {
            let message =
                "pages of another origin send no cookie, so each of their requests is assigned to a part at random";
            let remedy = "let the page send a header field that identifies the client, and set `header` to its name";
            let finding = Diagnostic::warning(message).label("this cookie").remedy(remedy);
            self.diagnostics.push(self.input.places.locate(finding, &format!("{key}.cookie")));
        }
        let Some(secret) = self.input.hash_secret else {
            let message = "a split needs `hash_key`, which assigns users to its parts";
            let remedy = "set `hash_key = \"env:HASH_KEY\"` in `[gateway]`; `openssl rand -base64 48` generates a key";
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
                let message = format!("`{name}` is the route's own upstream, which gets the remaining users");
                self.error(&format!("{key}.{name}"), message, "this part", "remove it");
                continue;
            }
            let share = share.settings();
            let is_embedded = matches!(self.upstreams[uses[backend].upstream].kind, UpstreamKind::Embedded(_));
            if share.only.is_some() && !is_embedded {
                let message = format!("`only` needs an embedded upstream, and `{name}` is not embedded");
                let remedy = "remove `only`, or split to an upstream with `provider = \"embedded\"`";
                self.error(&format!("{key}.{name}.only"), message, "this key", remedy);
            }
            let only_proven = share.only == Some(Only::Proven);
            parts.push(SplitPart { backend, percent: share.percent, from: share.from, only_proven });
        }
        match &parts[..] {
            [] if settings.to.is_empty() => {
                self.error(
                    &key,
                    "a split needs at least one part",
                    "this split",
                    format!("set `to.UPSTREAM = 10` in `[{}.split]`", common.key),
                );
            }
            [one, two] if one.from == two.from => {
                let message = "two parts that start from the same end move each other's users when they grow";
                let remedy = "write one of them as `{ percent = 10, from = \"top\" }`";
                self.error(&key, message, "these parts", remedy);
            }
            [_, _, _, ..] => {
                let message = "a split has at most two parts in addition to the route's own upstream";
                self.error(&key, message, "these parts", "remove one, or pin its users with `pinned`");
            }
            _ if parts.iter().map(|part| part.percent.parts()).sum::<u32>() > WHOLE => {
                self.error(
                    &key,
                    "the parts add up to more than 100 %",
                    "these parts",
                    "reduce them to at most 100 % in total",
                );
            }
            _ => {}
        }
        parts
    }
}
