//! What the policies of a route are, in words for people.

use crate::policy::Policy;
use crate::policy::settings::End;

impl Policy {
    /// Each policy in a line, in the order in which they are asked; `name` says what a way is called.
    pub(crate) fn describe(&self, name: impl Fn(usize) -> String) -> Vec<String> {
        let mut lines = Vec::new();
        let listed = (0..=self.ways.len()).map(|way| (way, self.lists.count(way))).filter(|(_, count)| *count > 0);
        lines.extend(listed.map(|(way, count)| format!("pinned: {count} go to `{}`", name(way))));
        lines.extend(self.rules.iter().map(|rule| format!("rule `{}`: goes to `{}`", rule.name, name(rule.way))));
        for part in self.split.iter().flat_map(|split| split.parts()) {
            let end = match part.from {
                End::Bottom => "",
                End::Top => ", from the top",
            };
            let only = if part.only_proven { ", if it could verify them" } else { "" };
            lines.push(format!("split: {} go to `{}`{end}{only}", part.percent, name(part.way)));
        }
        if let Some(fallback) = &self.fallback {
            let faults: Vec<_> = fallback.on.iter().map(|fault| fault.name()).collect();
            let to: Vec<_> = fallback.to.iter().map(|way| format!("`{}`", name(*way))).collect();
            lines.push(format!("fallback: on {} goes on to {}", faults.join(", "), to.join(", then ")));
        }
        if let Some(shadow) = &self.shadow {
            let (percent, upstream) = (shadow.percent(), name(shadow.way));
            lines.push(format!("shadow: {percent} of the logins are tried at `{upstream}` too"));
        }
        lines.push(format!("the rest goes to `{}`", name(0)));
        lines
    }
}
