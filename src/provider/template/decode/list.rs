//! An array of the template: the elements of a list, or a list of texts.
//!
//! An element whose constants differ is of another kind (a list of all second factors, say) and is
//! left out; `null` is no element, and a defect.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::model::record::Record;
use crate::provider::template::content::List;
use crate::provider::template::decode::progress::Progress;
use crate::provider::template::decode::seat::{Found, NodeVisitor, What};
use crate::provider::template::reader::DefectKind;

pub(super) fn read<'a, A: SeqAccess<'a>>(
    list: &List,
    pointer: &str,
    record: &mut dyn Record<'a>,
    progress: &mut Progress<'a>,
    mut seq: A,
) -> Result<Found, A::Error> {
    progress.depth += 1;
    while seq.next_element_seed(Element { list, pointer, record: &mut *record, progress })?.is_some() {}
    progress.depth -= 1;
    Ok(if record.count(list.member) == 0 { Found::Nothing } else { Found::Something })
}

struct Element<'t, 's, 'r, 'a> {
    list: &'t List,
    pointer: &'t str,
    record: &'r mut dyn Record<'a>,
    progress: &'s mut Progress<'a>,
}

impl<'a> DeserializeSeed<'a> for Element<'_, '_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { list, pointer, record, progress } = self;
        let element = record.grow(list.member);
        let ours = progress.apart(|progress| {
            let seat = NodeVisitor { what: What::Object(&list.item), pointer, record: element, progress };
            let found = seat.deserialize(deserializer)?;
            if found == Found::Nothing {
                progress.defect(DefectKind::Expected("a list of objects"), pointer);
            }
            Ok(())
        })?;
        if !ours {
            record.shrink(list.member);
        }
        Ok(())
    }
}

/// A list of texts, the empty ones left out; `None` where something else stands in it.
pub(super) fn texts<'a, A: SeqAccess<'a>>(mut seq: A) -> Result<Option<Vec<Cow<'a, str>>>, A::Error> {
    let mut texts = Vec::new();
    let mut only_texts = true;
    while let Some(text) = seq.next_element_seed(Text)? {
        match text {
            Some(text) if text.is_empty() => {}
            Some(text) => texts.push(text),
            None => only_texts = false,
        }
    }
    Ok(only_texts.then_some(texts))
}

/// One text; `None` for what is none.
struct Text;

impl<'a> DeserializeSeed<'a> for Text {
    type Value = Option<Cow<'a, str>>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Text {
    type Value = Option<Cow<'a, str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}
