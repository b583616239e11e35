//! Dates in queries, in the forms that clients send.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use parlor_model::Millis;

/// Reads an ISO 8601 date or date-time; one without a zone is UTC. Finer than a millisecond is cut off.
pub(crate) fn parse(text: &str) -> Option<Millis> {
    // A plus sign that was not escaped arrives as a space.
    let text = text.trim().replace(' ', "+");
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(Millis(timestamp.as_millisecond()));
    }
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|d| d.at(0, 0, 0, 0))).ok()?;
    Some(Millis(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_in_the_forms_that_clients_send() {
        let expected = Some(Millis(1_536_931_893_201));
        for form in
            ["2018-09-14T13:31:33.201Z", "2018-09-14T15:31:33.201+02:00", "2018-09-14T15:31:33.201 02:00"]
        {
            assert_eq!(parse(form), expected, "{form}");
        }
        assert_eq!(parse("2018-09-14"), Some(Millis(1_536_883_200_000)));
        for nonsense in ["", "yesterday", "2018-13-01", "{}", "1e99"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }
}
