//! Reads counters from Prometheus text.

/// The sum of a counter over all its label sets, or nothing if the text does not have it.
pub(crate) fn counter(text: &str, name: &str) -> Option<f64> {
    let mut sum = None;
    for line in text.lines() {
        let Some(rest) = line.strip_prefix(name) else { continue };
        let value = match rest.strip_prefix('{') {
            // A label's value may hold anything but an unescaped quote; numbers never hold a brace.
            Some(labelled) => labelled.rsplit_once('}').map(|(_, value)| value),
            None if rest.starts_with([' ', '\t']) => Some(rest),
            None => None,
        };
        if let Some(Ok(value)) = value.and_then(|v| v.split_ascii_whitespace().next()).map(str::parse::<f64>)
        {
            *sum.get_or_insert(0.0) += value;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP parlor_store_commits_total Commits.\n# TYPE parlor_store_commits_total counter\n\
        parlor_store_commits_total 17\n\
        parlor_store_commits_total_other 99\n\
        parlor_store_commands_total{kind=\"send } x\"} 200 1700000000000\n\
        parlor_store_commands_total{kind=\"edit\"} 1.5e1\n# EOF\n";

    #[test]
    fn a_plain_counter_is_read() {
        assert_eq!(counter(TEXT, "parlor_store_commits_total"), Some(17.0));
    }

    #[test]
    fn label_sets_are_added_up() {
        assert_eq!(counter(TEXT, "parlor_store_commands_total"), Some(215.0));
    }

    #[test]
    fn a_counter_that_is_not_there_is_nothing() {
        assert_eq!(counter(TEXT, "parlor_store_commits"), None);
        assert_eq!(counter("", "x"), None);
    }
}
