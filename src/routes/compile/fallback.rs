//! The fallback and the shadow of a route.

use crate::base::similar_name::did_you_mean;
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
        let remedy = format!("a fallback is possible on: {}", known.join(", "));
        let mut on = Vec::new();
        for (index, name) in settings.on.iter().enumerate() {
            let (message, remedy) = match Fault::named(name) {
                Some(fault) if FALLBACK_FAULTS.contains(&fault) => {
                    on.push(fault);
                    continue;
                }
                Some(_) => (format!("no fallback is possible on `{name}`"), remedy.clone()),
                None => {
                    let remedy = did_you_mean(name, FALLBACK_FAULTS.map(Fault::name), "a fallback is possible on");
                    (format!("unknown fault `{name}`"), remedy)
                }
            };
            self.error(&format!("{key}.on.{index}"), message, "this fault", remedy);
        }
        if settings.on.is_empty() {
            self.error(&format!("{key}.on"), "a fallback needs at least one fault", "this list", remedy);
        }
        let mut to = Vec::new();
        for (index, name) in settings.to.iter().enumerate() {
            match self.backend_of(name, uses) {
                Some(backend) if to.contains(&backend) => {
                    let message = format!("`{name}` is listed twice");
                    self.error(&format!("{key}.to.{index}"), message, "second entry", "remove it");
                }
                Some(backend) => to.push(backend),
                None => {}
            }
        }
        if settings.to.is_empty() {
            self.error(
                &format!("{key}.to"),
                "a fallback needs at least one upstream",
                "this list",
                "add the name of an upstream",
            );
        }
        Fallback { on, to, deadline: settings.deadline_ms.millis() }
    }

    pub(crate) fn shadow(&mut self, common: &Common<'_>, settings: &ShadowSettings, uses: &[Use]) -> Option<Shadow> {
        let backend = self.backend_of(&settings.upstream, uses)?;
        if backend == 0 {
            let message = format!("`{}` is the route's own upstream and cannot be its shadow", settings.upstream);
            let remedy = "use another upstream, or remove the shadow";
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
