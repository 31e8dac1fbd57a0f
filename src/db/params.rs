//! Parameters of a statement.

use crate::model::{Map, Value};

/// Parameters by name, without the `$`.
///
/// ```
/// let params = attendb::params! { "name": "Ada", "age": 36 };
/// assert_eq!(params.get("age"), Some(&attendb::Value::Int(36)));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params(Map);

impl Params {
    /// Returns no parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter, replacing one of the same name.
    pub fn set(&mut self, name: impl AsRef<str>, value: impl Into<Value>) -> &mut Self {
        self.0.insert(name.as_ref().into(), value.into());
        self
    }

    /// Returns a parameter.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Returns names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

impl From<()> for Params {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl From<Map> for Params {
    fn from(map: Map) -> Self {
        Self(map)
    }
}

impl From<&Params> for Params {
    fn from(params: &Params) -> Self {
        params.clone()
    }
}

impl<K: AsRef<str>, V: Into<Value>> FromIterator<(K, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut params = Self::default();
        for (name, value) in pairs {
            params.set(name, value);
        }
        params
    }
}

/// Makes [`Params`] of names and anything that becomes a [`Value`].
#[macro_export]
macro_rules! params {
    () => { $crate::Params::new() };
    ($($name:literal : $value:expr),+ $(,)?) => {{
        let mut params = $crate::Params::new();
        $(params.set($name, $value);)+
        params
    }};
}
