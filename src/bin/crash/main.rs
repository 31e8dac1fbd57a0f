//! The campaigns against the database: `cargo run --release --features crash --bin crash -- CAMPAIGN [OPTIONS]`.
//!
//! Without arguments it lists them. The tests run the short form of each (`tests/crash`).

mod campaigns;

use std::process::ExitCode;

fn main() -> ExitCode {
    campaigns::main()
}
