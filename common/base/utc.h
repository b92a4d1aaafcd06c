// UTC times as text and back, by the calendar alone: libc's functions would read the node's time
// zone.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace catena::base {

// "2026-01-02T03:04:05Z": the whole seconds, rounded down.
std::string utc_text(std::chrono::system_clock::time_point time);
// "2026-01-02T03:04:05.678Z"
std::string utc_text_with_ms(std::chrono::system_clock::time_point time);

// The time in "2026-01-02T03:04:05.678Z"; the fraction, of any length, may be missing, and so may
// the seconds. Nothing where it is no such text, not of the calendar, or before 1970; times after
// the clock's last (April 2262) are its last.
std::optional<std::chrono::system_clock::time_point> utc_time_in(std::string_view text);

}  // namespace catena::base
