#include "common/cloud/rate_budget.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>

#include "common/base/file.h"
#include "common/base/hash.h"
#include "common/base/text.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using std::chrono::milliseconds;

constexpr std::int64_t kMinute = 60'000;  // ms
constexpr std::int64_t kLongestHold = 10 * kMinute;
constexpr std::size_t kMostBytes = std::size_t{64} << 10U;
constexpr milliseconds kLockPatience{5'000};
constexpr std::string_view kMagic = "catena-rates 1 ";

// All times in ms since 1970.
struct Count {
  std::int64_t minute = 0;      // the calendar minute that `used` counts, in minutes since 1970
  std::int64_t used = 0;        // calls in it
  std::int64_t spent_till = 0;  // when the calls made are paid for at the even rate
  std::int64_t held_till = 0;   // no call before
};
using Counts = std::map<std::string, Count, std::less<>>;

bool read_number(std::string_view text, std::int64_t& number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

std::string checksum(std::string_view lines) {
  char text[16];
  std::snprintf(text, sizeof text, "%08x", base::crc32c(lines.data(), lines.size()));
  return text;
}

// Nothing of a file that is not whole.
Counts parse(std::string_view text) {
  const std::size_t head = text.find('\n');
  if (!text.starts_with(kMagic) || head == std::string_view::npos) {
    return {};
  }
  const std::string_view lines = text.substr(head + 1);
  if (text.substr(kMagic.size(), head - kMagic.size()) != checksum(lines)) {
    return {};
  }
  Counts counts;
  for (const std::string_view line : base::split(lines, '\n')) {
    const std::vector<std::string_view> words = base::split(line, ' ');
    Count count;
    if (words.size() == 5 && read_number(words[1], count.minute) &&
        read_number(words[2], count.used) && read_number(words[3], count.spent_till) &&
        read_number(words[4], count.held_till)) {
      counts.emplace(words[0], count);
    }
  }
  return counts;
}

std::string print(const Counts& counts) {
  std::string lines;
  for (const auto& [action, count] : counts) {
    lines += action + " " + std::to_string(count.minute) + " " + std::to_string(count.used) + " " +
             std::to_string(count.spent_till) + " " + std::to_string(count.held_till) + "\n";
  }
  return std::string(kMagic) + checksum(lines) + "\n" + lines;
}

// What time has passed over, and what only a clock that was set back could have written.
void settle(Count& count, std::int64_t now) {
  const std::int64_t minute = now / kMinute;
  if (count.minute != minute) {
    count.minute = minute;
    count.used = 0;
  }
  if (count.spent_till > now + kMinute) {
    count.spent_till = 0;
  }
  if (count.held_till > now + kLongestHold) {
    count.held_till = 0;
  }
}

// Calls are spaced evenly over the minute, but a sixth of it may come at once.
std::int64_t spacing(int limit) { return std::max<std::int64_t>(1, kMinute / limit); }
std::int64_t burst_credit(int limit) { return std::max(0, limit / 6 - 1) * spacing(limit); }

// How long until a call may go; 0: now.
std::int64_t wait_of(const Count& count, int limit, std::int64_t now) {
  std::int64_t wait = std::max<std::int64_t>(0, count.held_till - now);
  if (count.used >= limit) {
    wait = std::max(wait, (count.minute + 1) * kMinute - now);
  }
  return std::max(wait, count.spent_till - burst_credit(limit) - now);
}

// The counts under their lock.
class Ledger {
 public:
  static Result<Ledger> open(const std::string& directory) {
    TRY(base::make_directories(directory));
    base::FileLock lock =
        TRY(base::FileLock::acquire(directory + "/rates.lock", base::Deadline(kLockPatience)));
    Ledger ledger(directory + "/rates", std::move(lock));
    auto text = base::read_file(ledger.path_, kMostBytes);
    if (text.ok()) {
      ledger.counts = parse(*text);
    } else if (!text.error().is(ErrorKind::kNotFound) &&
               !text.error().is(ErrorKind::kUndecodable)) {
      return std::move(text).error();
    }
    return ledger;
  }

  // Not synced: counts that a power cut takes are of a minute that is over when the node is back.
  Status save() const {
    const base::UniqueFd fd = TRY(base::open_file(path_, O_WRONLY | O_CREAT | O_TRUNC));
    return base::write_all(fd.get(), print(counts), path_);
  }

  Counts counts;

 private:
  Ledger(std::string path, base::FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  base::FileLock lock_;
};

std::int64_t now_of(const Pace& pace) {
  return std::chrono::duration_cast<milliseconds>(pace.wall().time_since_epoch()).count();
}

}  // namespace

const RateLimits& default_rate_limits() {
  // A tenth of Terway's defaults for a process, which are near an account's own; routes: one change
  // per 5 s and VPC is what the cloud takes.
  static const RateLimits limits = {
      {"", 50},
      {"CreateNetworkInterface", 50},
      {"AttachNetworkInterface", 50},
      {"DeleteNetworkInterface", 50},
      {"DetachNetworkInterface", 40},
      {"DescribeNetworkInterfaces", 80},
      {"DescribeNetworkInterfaceAttribute", 200},
      {"AssignPrivateIpAddresses", 40},
      {"UnassignPrivateIpAddresses", 40},
      {"AssignIpv6Addresses", 40},
      {"UnassignIpv6Addresses", 40},
      {"DescribeInstanceTypes", 40},
      {"DescribeVSwitches", 30},
      {"CreateRouteEntry", 12},
      {"DeleteRouteEntry", 12},
  };
  return limits;
}

RateBudget::RateBudget(std::string directory, Pace& pace, const RateLimits& overrides)
    : directory_(std::move(directory)), pace_(&pace), limits_(default_rate_limits()) {
  for (const auto& [action, limit] : overrides) {
    limits_[action] = limit;
  }
}

int RateBudget::limit_of(std::string_view action) const {
  const auto found = limits_.find(action);
  return std::max(1, found == limits_.end() ? limits_.at("") : found->second);
}

// Waiters look anew after each sleep instead of reserving: a hold-back that comes meanwhile counts
// for them too, and one that is killed leaves nothing behind.
Status RateBudget::take(std::string_view action, milliseconds patience) {
  const int limit = limit_of(action);
  const milliseconds deadline = pace_->elapsed() + patience;
  while (true) {
    milliseconds wait{};
    {
      Ledger ledger = TRY(Ledger::open(directory_).context("rate budget"));
      const std::int64_t now = now_of(*pace_);
      Count& count = ledger.counts[std::string(action)];
      settle(count, now);
      wait = milliseconds(wait_of(count, limit, now));
      if (wait.count() == 0) {
        ++count.used;
        count.spent_till = std::max(count.spent_till, now) + spacing(limit);
        return ledger.save().context("rate budget");
      }
    }
    if (pace_->elapsed() + wait > deadline) {
      return Error(ErrorKind::kTryAgain,
                   std::string(action) + ": not called, since this node's share of calls (" +
                       std::to_string(limit) + " a minute) allows the next one in " +
                       std::to_string(wait.count()) + " ms")
          .code(kNodeThrottled)
          .advice("raise rate_limit in eni.conf if the account's quota allows more");
    }
    pace_->sleep(wait);
  }
}

Status RateBudget::hold_back(std::string_view action, milliseconds wait) {
  Ledger ledger = TRY(Ledger::open(directory_).context("rate budget"));
  const std::int64_t now = now_of(*pace_);
  Count& count = ledger.counts[std::string(action)];
  settle(count, now);
  count.held_till =
      std::max(count.held_till, now + std::clamp<std::int64_t>(wait.count(), 0, kLongestHold));
  return ledger.save().context("rate budget");
}

}  // namespace catena::cloud
