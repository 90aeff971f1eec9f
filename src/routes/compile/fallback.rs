//! What a route does with the begin of a login beside serving it: its fallback and its shadow.

use crate::model::fault::Fault;
use crate::policy::fallback::{FALLBACK_FAULTS, Fallback};
use crate::policy::settings::{FallbackSettings, ShadowSettings};
use crate::policy::shadow::Shadow;
use crate::routes::compile::backends::{Common, Use};
use crate::routes::compile::builder::Builder;

impl Builder<'_> {
    pub(crate) fn fallback(&mut self, common: &Common<'_>, settings: &FallbackSettings, uses: &[Use]) -> Fallback {
        let key = format!("{}.fallback", common.key);
        let known: Vec<_> = FALLBACK_FAULTS.iter().map(|fault| fault.name()).collect();
        let remedy = format!("the faults to go on from are: {}", known.join(", "));
        let mut on = Vec::new();
        for (index, name) in settings.on.iter().enumerate() {
            let message = match Fault::named(name) {
                Some(fault) if FALLBACK_FAULTS.contains(&fault) => {
                    on.push(fault);
                    continue;
                }
                Some(_) => format!("`{name}` would be the same everywhere, or worse: a begin does not go on from it"),
                None => format!("there is no fault `{name}`"),
            };
            self.error(&format!("{key}.on.{index}"), message, "this fault", &*remedy);
        }
        if settings.on.is_empty() {
            self.error(&format!("{key}.on"), "a fallback goes on from some fault", "this list", remedy);
        }
        let mut to = Vec::new();
        for (index, name) in settings.to.iter().enumerate() {
            match self.backend_of(name, uses) {
                Some(backend) if to.contains(&backend) => {
                    let message = format!("`{name}` is in the list before, and each upstream is asked once");
                    self.error(&format!("{key}.to.{index}"), message, "again", "take it out");
                }
                Some(backend) => to.push(backend),
                None => {}
            }
        }
        if settings.to.is_empty() {
            self.error(&format!("{key}.to"), "a fallback goes on to some upstream", "this list", "name one in it");
        }
        Fallback { on, to, deadline: settings.deadline_ms.millis() }
    }

    pub(crate) fn shadow(&mut self, common: &Common<'_>, settings: &ShadowSettings, uses: &[Use]) -> Option<Shadow> {
        let backend = self.backend_of(&settings.upstream, uses)?;
        if backend == 0 {
            let message = format!("`{}` is the route's own upstream, and nobody's shadow", settings.upstream);
            let remedy = "name another upstream, or take the shadow out";
            self.error(&format!("{}.shadow.upstream", common.key), message, "this name", remedy);
        }
        Some(Shadow {
            backend,
            percent: settings.percent,
            max_in_flight: settings.max_in_flight.count(),
            max_waiting: settings.max_waiting.count(),
        })
    }
}
