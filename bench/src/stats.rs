//! Medians and ranges of repetitions.

use std::collections::BTreeMap;

use serde::Serialize;

/// Median and range of some measurements.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// Middle value, or the mean of the two middle ones.
    pub(crate) median: f64,
    /// Smallest.
    pub(crate) min: f64,
    /// Largest.
    pub(crate) max: f64,
    /// How many.
    pub(crate) count: usize,
}

impl Spread {
    /// Of any number of values; none gives nothing.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let median =
            if sorted.len() % 2 == 1 { upper } else { f64::midpoint(upper, *sorted.get(middle - 1)?) };
        Some(Self { median, min, max, count: sorted.len() })
    }
}

/// The value below which `share` (0 to 1) of the sorted values lie; 0 for none.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    // Counts here are thousands at most.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let place = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(place).copied().unwrap_or(0.0)
}

/// Measurements by name, one per repetition.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Samples(BTreeMap<String, Vec<f64>>);

impl Samples {
    /// Notes one measurement.
    pub(crate) fn add(&mut self, name: &str, value: f64) {
        self.0.entry(name.to_owned()).or_default().push(value);
    }

    /// Takes over everything of another set.
    pub(crate) fn append(&mut self, other: Self) {
        for (name, values) in other.0 {
            self.0.entry(name).or_default().extend(values);
        }
    }

    /// What was measured under a name.
    pub(crate) fn spread(&self, name: &str) -> Option<Spread> {
        self.0.get(name).and_then(|values| Spread::of(values))
    }

    /// All names with their spreads, in alphabetical order.
    pub(crate) fn spreads(&self) -> impl Iterator<Item = (&str, Spread)> {
        self.0.iter().filter_map(|(name, values)| Some((name.as_str(), Spread::of(values)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_the_sorted_values() {
        let spread = Spread::of(&[9.0, 1.0, 4.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max, spread.count), (4.0, 1.0, 9.0, 3));
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(Spread::of(&[8.0, 2.0, 4.0, 100.0]).unwrap().median, 6.0);
    }

    #[test]
    fn nothing_has_no_median() {
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(percentile(&sorted, 0.50), 50.0);
        assert_eq!(percentile(&sorted, 0.99), 99.0);
        assert_eq!(percentile(&[7.0], 0.99), 7.0);
        assert_eq!(percentile(&[], 0.5), 0.0);
    }

    #[test]
    fn samples_of_an_accepted_repetition_join_the_others() {
        let (mut all, mut repetition) = (Samples::default(), Samples::default());
        all.add("a", 1.0);
        repetition.add("a", 3.0);
        all.append(repetition);
        assert_eq!(all.spread("a").unwrap().median, 2.0);
        assert_eq!(all.spread("b"), None);
    }
}
