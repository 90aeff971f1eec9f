//! Describes a policy as text.

use crate::policy::Policy;
use crate::policy::settings::End;

impl Policy {
    /// One line for each part of the policy, in the order in which they decide. `name` gives the name of a backend.
    pub(crate) fn describe(&self, backends: usize, name: impl Fn(usize) -> String) -> Vec<String> {
        let mut lines = Vec::new();
        let pinned = (0..backends).map(|backend| (backend, self.pinned.count(backend))).filter(|(_, count)| *count > 0);
        lines.extend(pinned.map(|(backend, count)| format!("pinned: {count} to `{}`", name(backend))));
        lines.extend(self.rules.iter().map(|rule| format!("rule `{}`: to `{}`", rule.name, name(rule.backend))));
        for part in self.split.iter().flat_map(|split| split.parts()) {
            let end = match part.from {
                End::Bottom => "",
                End::Top => ", from the top",
            };
            let only = if part.only_proven { ", if it can verify their passkeys" } else { "" };
            lines.push(format!("split: {} to `{}`{end}{only}", part.percent, name(part.backend)));
        }
        if let Some(fallback) = &self.fallback {
            let faults: Vec<_> = fallback.on.iter().map(|fault| fault.name()).collect();
            let to: Vec<_> = fallback.to.iter().map(|backend| format!("`{}`", name(*backend))).collect();
            lines.push(format!("fallback: on {} to {}", faults.join(", "), to.join(", then ")));
        }
        if let Some(shadow) = &self.shadow {
            let (percent, upstream) = (shadow.percent, name(shadow.backend));
            lines.push(format!("shadow: {percent} of the logins are also tried at `{upstream}`"));
        }
        lines.push(format!("all others: to `{}`", name(0)));
        lines
    }
}
