pub(crate) mod frame;
pub(crate) mod signals;
pub(crate) mod state;
pub(crate) mod trees;
