//! Times by the browser's own calendar.

use js_sys::Date;
use weighbridge::export::history::day;

const DAY: f64 = 86_400_000.0;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A time by the calendar.
#[derive(Clone, Debug)]
pub struct When {
    date: Date,
    /// Days before today.
    ago: i64,
}

impl When {
    /// Of milliseconds since 1970.
    pub fn of(time: u64) -> Self {
        let date = Date::new(&(time as f64).into());
        let today = number(&Date::new_0());
        Self {
            ago: today - number(&date),
            date,
        }
    }
    /// `14:32` today and yesterday, else `18 Nov`, with the year where it is another.
    pub fn short(&self) -> String {
        if (0..=1).contains(&self.ago) {
            format!("{:02}:{:02}", self.date.get_hours(), self.date.get_minutes())
        } else {
            self.date_words()
        }
    }
    /// Heading of its day.
    pub fn heading(&self) -> String {
        match day(self.ago) {
            Some("Today") => format!("Today, {}", self.date_words()),
            Some(words) => words.to_owned(),
            None => "Earlier".to_owned(),
        }
    }
    fn date_words(&self) -> String {
        let month = MONTHS.get(self.date.get_month() as usize).copied().unwrap_or_default();
        let words = format!("{} {month}", self.date.get_date());
        let year = self.date.get_full_year();
        if year == Date::new_0().get_full_year() {
            words
        } else {
            format!("{words} {year}")
        }
    }
}

/// Days since 1970 where the browser is.
fn number(date: &Date) -> i64 {
    ((date.get_time() - date.get_timezone_offset() * 60_000.0) / DAY).floor() as i64
}

/// The beginning of the day so many days ago, milliseconds since 1970.
pub fn midnight(days_ago: u32) -> u64 {
    let now = Date::new_0();
    now.set_hours(0);
    now.set_minutes(0);
    now.set_seconds(0);
    now.set_milliseconds(0);
    (now.get_time() - f64::from(days_ago) * DAY).max(0.0) as u64
}
