//! Policies: how relationships fade, and what keeps them.

use std::sync::Arc;

use super::TypeId;

/// What is to become of the salience of some relationships. Where several policies are of one relationship, the one with
/// the smallest priority holds, and of two alike the older one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Policy {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// The types of its relationships; none means all.
    pub(crate) types: Vec<TypeId>,
    /// The variable that stands for a relationship in the condition.
    pub(crate) variable: Arc<str>,
    /// Which of them, as it was written: a predicate of the language.
    pub(crate) condition: Option<Arc<str>>,
    /// Seconds after which half of what is above the floor is forgotten, above 0; none where it does not fade.
    pub(crate) half_life_seconds: Option<f64>,
    /// Salience falls no lower, 0 to 1.
    pub(crate) floor: f64,
    /// Whether what has fallen to the floor may be archived unasked. Where that is forbidden, not even who asks for it may;
    /// where nothing is said, who asks may.
    pub(crate) prune_allowed: Option<bool>,
    /// How much salience counts where ATTEND does not say.
    pub(crate) prior: Option<f64>,
    /// What an access adds to salience, 0 or more.
    pub(crate) on_access: Option<f64>,
    /// What a rejection adds to salience, 0 or less.
    pub(crate) on_reject: Option<f64>,
    /// The smallest holds.
    pub(crate) priority: i64,
}

impl Policy {
    /// Returns a policy that says nothing yet of the relationships of these types.
    pub(crate) fn new(name: Arc<str>, types: Vec<TypeId>, variable: Arc<str>, condition: Option<Arc<str>>) -> Self {
        Self {
            name,
            types,
            variable,
            condition,
            half_life_seconds: None,
            floor: 0.0,
            prune_allowed: None,
            prior: None,
            on_access: None,
            on_reject: None,
            priority: 0,
        }
    }

    /// Returns whether all relationships of a type, or of any where it is `None`, may be among its own.
    pub(crate) fn is_of(&self, rel_type: Option<TypeId>) -> bool {
        self.types.is_empty() || rel_type.is_some_and(|rel_type| self.types.contains(&rel_type))
    }
}
