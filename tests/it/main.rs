//! The integration tests, in one binary: behaviour scripts, comparisons with simpler twins, and the tidiness of the house.

mod notation;
mod tidy;
