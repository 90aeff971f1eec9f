//! The files of user handles: each usable, and each of one upstream only.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::features::user_handles::file::{Unfit, inspect};
use crate::routes::compile::builder::Builder;
use crate::routes::upstream::{Upstream, UpstreamKind};

impl Builder<'_> {
    /// The file of user handles of an upstream, if it has one.
    pub(crate) fn handles(&mut self, upstream: &str) -> Option<Arc<Path>> {
        let file = self.input.identities.handles.get(upstream)?;
        if let Err(unfit) = inspect(&self.input.base.join(file)) {
            let remedy = match unfit {
                Unfit::NoFolder => "create the folder, or use a file in an existing folder",
                Unfit::Folder => "use a file in it, such as `handles.db`",
                Unfit::Unreadable(_) => "make it readable and writable for the gateway, or use another file",
                Unfit::Foreign => "use another file; it is created when it does not exist",
            };
            let message = format!("`{}` cannot store user handles: {unfit}", file.display());
            self.error(&format!("upstreams.{upstream}.handles"), message, "this file", remedy);
        }
        Some(file.as_path().into())
    }

    /// Reports files that two upstreams share, or that are the database of an embedded upstream.
    pub(crate) fn reject_shared_handle_files(&mut self) {
        let path = |file: &Path| without_current_dir(&self.input.base.join(file));
        let mut taken: Vec<(PathBuf, String)> = self
            .upstreams
            .iter()
            .filter_map(|Upstream { name, kind, .. }| match kind {
                UpstreamKind::Embedded(settings) => {
                    Some((path(&settings.database), format!("the database of `{name}`")))
                }
                UpstreamKind::Http { .. } => None,
            })
            .collect();
        let mut found = Vec::new();
        for Upstream { name, handles, .. } in &self.upstreams {
            let Some(file) = handles else { continue };
            match taken.iter().find(|(known, _)| *known == path(file)) {
                Some((_, whose)) => {
                    let message = format!("`{}` is already {whose}", file.display());
                    found.push((format!("upstreams.{name}.handles"), message));
                }
                None => taken.push((path(file), format!("the file of user handles of `{name}`"))),
            }
        }
        for (key, message) in found {
            self.error(&key, message, "this file", "use a separate file for each upstream");
        }
    }
}

/// A path without `.` components.
fn without_current_dir(path: &Path) -> PathBuf {
    path.components().filter(|component| *component != Component::CurDir).collect()
}
