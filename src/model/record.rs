//! Structs of members, which templates read and write by member.
//!
//! The `record!` macro declares the struct, for code that knows the message, and implements [`Record`], for
//! code that is driven by a template.

use crate::model::member::Member;
use crate::model::value::Value;

/// Read and write access by member.
pub trait Record<'a>: Send + Sync {
    /// The members this record has.
    fn members(&self) -> &'static [Member];

    /// The value of a member that is not a list; `None` when absent, or not a member of this record.
    fn value(&self, member: Member) -> Option<Value<'_>>;

    /// Sets a member that is not a list; `None` clears it.
    ///
    /// # Panics
    /// If the record has no such member or the member has another kind. The template compiler rejects both.
    fn put(&mut self, member: Member, value: Option<Value<'a>>);

    /// How many elements a list has; 0 for what is not a list of this record.
    fn count(&self, list: Member) -> usize;

    /// One element of a list.
    fn element(&self, list: Member, index: usize) -> Option<&dyn Record<'a>>;

    /// Appends an empty element to a list and returns it.
    ///
    /// # Panics
    /// If the record has no such list. The template compiler rejects that.
    fn grow(&mut self, list: Member) -> &mut dyn Record<'a>;

    /// Removes the last element of a list.
    fn shrink(&mut self, list: Member);

    /// Whether a member is present: a value, or a list with elements.
    fn has(&self, member: Member) -> bool {
        self.value(member).is_some() || self.count(member) > 0
    }
}

/// The text of a member, to keep.
pub(crate) fn text(record: &dyn Record<'_>, member: Member) -> Option<Box<str>> {
    match record.value(member)? {
        Value::Text(text) => Some(text.into_owned().into_boxed_str()),
        _ => None,
    }
}

/// Sets a member, if the record has it.
pub(crate) fn put<'a>(record: &mut dyn Record<'a>, member: Member, value: Option<Value<'a>>) {
    if record.members().contains(&member) {
        record.put(member, value);
    }
}

/// Sets a member that is absent, if the record has it.
pub(crate) fn put_absent<'a>(record: &mut dyn Record<'a>, member: Member, value: Option<Value<'a>>) {
    if value.is_some() && record.value(member).is_none() {
        put(record, member, value);
    }
}

/// Copies every member into an empty record of the same type that borrows nothing.
pub(crate) fn copy(from: &dyn Record<'_>, to: &mut dyn Record<'static>) {
    for member in from.members() {
        if let Some(value) = from.value(*member) {
            to.put(*member, Some(value.into_owned()));
        }
        for element in (0..from.count(*member)).filter_map(|index| from.element(*member, index)) {
            copy(element, to.grow(*member));
        }
    }
}

/// Declares a record: `name: kind = Member` for each field, then its lists.
macro_rules! record {
    (
        $(#[$doc:meta])*
        $name:ident, members $table:ident {
            $( $field:ident: $kind:ident = $member:ident, )*
            $( [$list:ident: $element:ident] = $list_member:ident, )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name<'a> {
            $(
                #[doc = concat!("[`Member::", stringify!($member), "`](crate::model::member::Member::", stringify!($member), ")")]
                pub $field: record!(@type $kind 'a),
            )*
            $(
                #[doc = concat!("[`Member::", stringify!($list_member), "`](crate::model::member::Member::", stringify!($list_member), ")")]
                pub $list: Vec<$element<'a>>,
            )*
        }

        #[doc = concat!("The members of [`", stringify!($name), "`], in their order.")]
        pub const $table: &[$crate::model::member::Member] =
            &[$( $crate::model::member::Member::$member, )* $( $crate::model::member::Member::$list_member, )*];

        impl<'a> $crate::model::record::Record<'a> for $name<'a> {
            fn members(&self) -> &'static [$crate::model::member::Member] {
                $table
            }

            fn value(&self, member: $crate::model::member::Member) -> Option<$crate::model::value::Value<'_>> {
                match member {
                    $( $crate::model::member::Member::$member => record!(@get $kind self.$field), )*
                    _ => None,
                }
            }

            fn put(
                &mut self,
                member: $crate::model::member::Member,
                value: Option<$crate::model::value::Value<'a>>,
            ) {
                match (member, value) {
                    $(
                        ($crate::model::member::Member::$member, None) => self.$field = Default::default(),
                        ($crate::model::member::Member::$member, Some(record!(@pattern $kind value))) => {
                            self.$field = record!(@set $kind value);
                        }
                    )*
                    (member, _) => unreachable!("{} has no {} of that kind", stringify!($name), member.name()),
                }
            }

            fn count(&self, list: $crate::model::member::Member) -> usize {
                match list {
                    $( $crate::model::member::Member::$list_member => self.$list.len(), )*
                    _ => 0,
                }
            }

            fn element(
                &self,
                list: $crate::model::member::Member,
                index: usize,
            ) -> Option<&dyn $crate::model::record::Record<'a>> {
                let _ = index;
                match list {
                    $(
                        $crate::model::member::Member::$list_member =>
                            self.$list.get(index).map(|element| element as _),
                    )*
                    _ => None,
                }
            }

            fn grow(
                &mut self,
                list: $crate::model::member::Member,
            ) -> &mut dyn $crate::model::record::Record<'a> {
                match list {
                    $(
                        $crate::model::member::Member::$list_member => {
                            self.$list.push($element::default());
                            self.$list.last_mut().expect("an element was pushed just now")
                        }
                    )*
                    _ => unreachable!("{} has no list {}", stringify!($name), list.name()),
                }
            }

            fn shrink(&mut self, list: $crate::model::member::Member) {
                match list {
                    $( $crate::model::member::Member::$list_member => drop(self.$list.pop()), )*
                    _ => {}
                }
            }
        }
    };

    (@type text $a:lifetime) => { Option<std::borrow::Cow<$a, str>> };
    (@type bytes $a:lifetime) => { Option<std::borrow::Cow<$a, [u8]>> };
    (@type number $a:lifetime) => { Option<i64> };
    (@type flag $a:lifetime) => { Option<bool> };
    (@type texts $a:lifetime) => { Vec<std::borrow::Cow<$a, str>> };
    (@type json $a:lifetime) => { Option<std::borrow::Cow<$a, str>> };

    (@get text $at:expr) => { $at.as_deref().map(|text| $crate::model::value::Value::Text(text.into())) };
    (@get bytes $at:expr) => { $at.as_deref().map(|bytes| $crate::model::value::Value::Bytes(bytes.into())) };
    (@get number $at:expr) => { $at.map($crate::model::value::Value::Number) };
    (@get flag $at:expr) => { $at.map($crate::model::value::Value::Flag) };
    (@get texts $at:expr) => {
        (!$at.is_empty()).then(|| $crate::model::value::Value::Texts(
            $crate::model::value::Texts::Borrowed(&$at)
        ))
    };
    (@get json $at:expr) => { $at.as_deref().map(|json| $crate::model::value::Value::Json(json.into())) };

    (@pattern text $value:ident) => { $crate::model::value::Value::Text($value) };
    (@pattern bytes $value:ident) => { $crate::model::value::Value::Bytes($value) };
    (@pattern number $value:ident) => { $crate::model::value::Value::Number($value) };
    (@pattern flag $value:ident) => { $crate::model::value::Value::Flag($value) };
    (@pattern texts $value:ident) => { $crate::model::value::Value::Texts($value) };
    (@pattern json $value:ident) => { $crate::model::value::Value::Json($value) };

    (@set texts $value:ident) => { $value.into_vec() };
    (@set $kind:ident $value:ident) => { Some($value) };
}

pub(crate) use record;
