//! The files of user handles that upstreams name: each its own, and each one that can be used.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::features::user_handles::file::{Unfit, inspect};
use crate::routes::compile::builder::Builder;
use crate::routes::upstream::{Upstream, UpstreamKind};

impl Builder<'_> {
    /// The file that an upstream names for the user handles of its passkeys, if it names one.
    pub(crate) fn handles(&mut self, upstream: &str) -> Option<Arc<Path>> {
        let file = self.ground.identities.handles.get(upstream)?;
        if let Err(unfit) = inspect(&self.ground.base.join(file)) {
            let remedy = match unfit {
                Unfit::NoFolder => "make the folder, or name a file in one that is there",
                Unfit::Folder => "name a file in it, such as `handles.db`",
                Unfit::Unreadable(_) => "let the gateway read and write it, or name another file",
                Unfit::Foreign => "name a file of its own, which is made when it is missing",
            };
            let message = format!("`{}` cannot keep user handles: {unfit}", file.display());
            self.error(&format!("upstreams.{upstream}.handles"), message, "this file", remedy);
        }
        Some(file.as_path().into())
    }

    /// The user handles of two upstreams are two things, and so is a directory.
    pub(crate) fn handles_apart(&mut self) {
        let path = |file: &Path| plain(&self.ground.base.join(file));
        let mut taken: Vec<(PathBuf, String)> = self
            .upstreams
            .iter()
            .filter_map(|Upstream { name, kind, .. }| match kind {
                UpstreamKind::Embedded(settings) => {
                    Some((path(&settings.database), format!("the directory of `{name}`")))
                }
                UpstreamKind::Http { .. } => None,
            })
            .collect();
        let mut found = Vec::new();
        for Upstream { name, handles, .. } in &self.upstreams {
            let Some(file) = handles else { continue };
            match taken.iter().find(|(known, _)| *known == path(file)) {
                Some((_, whose)) => {
                    let message = format!("`{}` is {whose} already", file.display());
                    found.push((format!("upstreams.{name}.handles"), message));
                }
                None => taken.push((path(file), format!("the file of `{name}`"))),
            }
        }
        for (key, message) in found {
            self.error(
                &key,
                message,
                "this file",
                "name a file of its own: the handles of one upstream are nobody else's",
            );
        }
    }
}

/// A path without the names that lead nowhere.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|component| *component != Component::CurDir).collect()
}
