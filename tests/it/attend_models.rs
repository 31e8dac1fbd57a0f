//! `MODEL`: what a model makes of vectors and relationship types, and where models come from, stay and go.

mod files;
mod formula;
mod life;
