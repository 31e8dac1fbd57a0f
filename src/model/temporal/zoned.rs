//! Times and moments with a zone.

use std::{cmp::Ordering, fmt};

use super::{LocalDateTime, LocalTime, NANOS, Zone, zone};

/// A time of day, and how far it is ahead of UTC.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Time {
    /// The time where it is read.
    pub time: LocalTime,
    /// Seconds ahead of UTC.
    pub offset: i32,
}

impl Time {
    /// Returns the nanoseconds since midnight in UTC: negative where it is the day before.
    pub(crate) fn utc_nanos(self) -> i64 {
        self.time.nanos() - zone::nanos_of(self.offset)
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> Ordering {
        self.utc_nanos().cmp(&other.utc_nanos()).then(self.offset.cmp(&other.offset))
    }
}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.time.fmt(f)?;
        zone::write_offset(f, self.offset)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A moment, and the zone it is seen from.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DateTime {
    seconds: i64,
    nanos: i64,
    offset: i32,
    zone: Zone,
}

impl DateTime {
    /// Returns the moment so many seconds and nanoseconds after 1970-01-01T00:00Z, or `None` where it has no year.
    pub fn new(seconds: i64, nanos: i64, zone: Zone) -> Option<Self> {
        let seconds = seconds.checked_add(nanos.div_euclid(NANOS))?;
        let offset = zone.offset_at(seconds);
        Self::stored(seconds, nanos.rem_euclid(NANOS), offset, zone)
    }

    /// Returns the moment at which a clock in a zone shows a time. Of two it is the earlier; where the clock skips the
    /// time, it is as much later as is skipped.
    pub fn of(local: LocalDateTime, zone: Zone) -> Option<Self> {
        let (seconds, nanos) = local.epoch();
        Self::new(seconds - i64::from(zone.offset_of(local)), nanos, zone)
    }

    /// Returns the moment as it was stored: the offset is the one it was made with.
    pub(crate) fn stored(seconds: i64, nanos: i64, offset: i32, zone: Zone) -> Option<Self> {
        let moment = Self { seconds, nanos, offset, zone };
        // So many seconds have no year; nothing overflows below them.
        let fits = (0..NANOS).contains(&nanos) && seconds.unsigned_abs() < 1 << 50;
        (fits && moment.checked_local().is_some()).then_some(moment)
    }

    fn checked_local(&self) -> Option<LocalDateTime> {
        LocalDateTime::from_epoch(self.seconds + i64::from(self.offset), self.nanos)
    }

    /// Returns what a clock in the zone shows.
    pub fn local(&self) -> LocalDateTime {
        self.checked_local().expect("it was looked at when it was made")
    }

    /// Returns the seconds since 1970-01-01T00:00Z.
    pub const fn seconds(&self) -> i64 {
        self.seconds
    }

    /// Returns the nanoseconds after the second.
    pub const fn nanosecond(&self) -> i64 {
        self.nanos
    }

    /// Returns the seconds that the zone is ahead of UTC at this moment.
    pub const fn offset(&self) -> i32 {
        self.offset
    }

    /// Returns the zone.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Returns the nanoseconds since 1970-01-01T00:00Z.
    pub(crate) fn nanos(&self) -> i128 {
        i128::from(self.seconds) * i128::from(NANOS) + i128::from(self.nanos)
    }

    /// Returns the same moment, seen from another zone.
    pub(crate) fn in_zone(&self, zone: Zone) -> Option<Self> {
        Self::new(self.seconds, self.nanos, zone)
    }
}

/// By the moment, then by offset and zone, so that the same moment seen from elsewhere is another value.
impl Ord for DateTime {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_moment = (self.seconds, self.nanos).cmp(&(other.seconds, other.nanos));
        by_moment.then(self.offset.cmp(&other.offset)).then_with(|| self.zone.cmp(&other.zone))
    }
}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.local().fmt(f)?;
        zone::write_offset(f, self.offset)?;
        match &self.zone {
            Zone::Named(name) => write!(f, "[{name}]"),
            Zone::Offset(_) => Ok(()),
        }
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
