//! The arguments that `cargo test` hands to every test binary, for those that are their own harness.

/// Options of the standard harness that take a value.
const WITH_VALUE: [&str; 6] = ["--test-threads", "--skip", "--format", "--color", "--logfile", "-Z"];

/// Returns the name filters among the arguments.
pub(crate) fn filters(arguments: &[String]) -> Vec<&str> {
    let mut filters = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if WITH_VALUE.contains(&argument.as_str()) {
            rest.next();
        } else if !argument.starts_with('-') {
            filters.push(argument.as_str());
        }
    }
    filters
}
