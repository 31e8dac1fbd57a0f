//! ATTEND on the relationships of paths: each rule with a graph where breaking it shows, and random graphs beside a twin that
//! enumerates.

mod calls;
mod cheapest;
mod rules;
mod twin;
