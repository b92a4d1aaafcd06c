#include "common/cloud/credential_chain.h"

#include <algorithm>
#include <utility>

#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/base/utc.h"
#include "common/cloud/credential_answer.h"
#include "common/cloud/eni_conf.h"
#include "common/cloud/secret_file.h"
#include "common/cloud/sts.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr int kReads = 6;  // of a kind that somebody may just be writing
constexpr milliseconds kBetweenReads{200};
constexpr seconds kMostJitter{60};
constexpr seconds kLeastGap{1};
constexpr seconds kMostGap{60};

// When to look again after a look that brought nothing new: more often as the end comes near.
system_clock::time_point next_look(const Credentials& credentials, system_clock::time_point now) {
  if (!credentials.expiration) {
    return now + kMostGap;
  }
  const auto left = std::chrono::duration_cast<seconds>(*credentials.expiration - now);
  return now + std::clamp(left / 4, kLeastGap, kMostGap);
}

// Nodes that got their sets together do not come back together: the id decides by how much.
system_clock::time_point time_to_renew(const Credentials& credentials, seconds early,
                                       system_clock::time_point now) {
  if (!credentials.expiration) {
    return system_clock::time_point::max();
  }
  const auto jitter_count = static_cast<std::uint64_t>(kMostJitter.count());
  const seconds jitter(static_cast<seconds::rep>(base::hash64(credentials.key_id) % jitter_count));
  const auto wanted = *credentials.expiration - early - jitter;
  return wanted > now ? wanted : now + (*credentials.expiration - now) / 2;
}

bool is_over(const Credentials& credentials, system_clock::time_point now) {
  return credentials.expiration && *credentials.expiration <= now;
}

Error over(const Credentials& credentials) {
  return Error(ErrorKind::kTryAgain,
               "the credentials expired at " + base::utc_text(*credentials.expiration));
}

std::string open_file_notice(const std::string& file, const std::string& mode) {
  return file + " holds a secret, but others than its owner can reach it (" + mode + "): chmod 600";
}

// One kind, read until what it gives can be trusted.
class Look {
 public:
  Look(const CredentialKind& kind, Pace& pace, const Credentials* refused)
      : kind_(kind), pace_(pace), refused_(refused) {}

  // Absent is no error: it may be another kind's turn.
  Result<Reading> run() {
    for (int i = 1;; ++i) {
      const bool last = i == kReads || !kind_.rotates;
      files_ = fingerprint(kind_.files);
      Result<Reading> reading = kind_.read();
      if (reading.ok() && !reading->credentials) {
        return reading;
      }
      if (reading.ok() && is_over(*reading->credentials, pace_.wall())) {
        reading = over(*reading->credentials);
      }
      if (is_settled(reading) || last) {
        return reading;
      }
      pace_.sleep(kBetweenReads);
    }
  }

  // Of the files as they were before the reading that run() gave.
  const std::string& files() const { return files_; }

 private:
  // Files may be half written: what they hold wrongly may be mended a moment later. A set that was
  // refused may be one of two issues: two readings must agree on another one.
  bool is_settled(const Result<Reading>& reading) {
    if (!reading.ok()) {
      return kind_.files.empty() || !reading.error().is(ErrorKind::kUndecodable);
    }
    if (refused_ == nullptr) {
      return true;
    }
    const bool agree = previous_ == reading->credentials;
    previous_ = reading->credentials;
    return agree && *reading->credentials != *refused_;
  }

  const CredentialKind& kind_;
  Pace& pace_;
  const Credentials* refused_;
  std::optional<Credentials> previous_;
  std::string files_;
};

}  // namespace

CredentialChain::CredentialChain(std::vector<CredentialKind> kinds, Pace& pace)
    : kinds_(std::move(kinds)), pace_(pace) {}

CredentialChain::Standing CredentialChain::standing() const {
  const std::lock_guard lock(mutex_);
  Standing standing;
  const system_clock::time_point now = pace_.wall();
  if (current_ && !current_->rejected && !is_over(current_->credentials, now)) {
    standing.good = current_->credentials;
    standing.due =
        now >= current_->renew_at || fingerprint(kinds_[current_->kind].files) != current_->files;
  }
  return standing;
}

Result<Credentials> CredentialChain::get() {
  Standing before = standing();
  if (before.good && !before.due) {
    return std::move(*before.good);
  }
  std::unique_lock renewing(renewing_, std::try_to_lock);
  if (!renewing.owns_lock()) {
    if (before.good) {
      return std::move(*before.good);
    }
    renewing.lock();
  }
  Standing now = standing();  // somebody else may have renewed while we waited
  if (now.good && !now.due) {
    return std::move(*now.good);
  }
  Result<Found> found = look();
  now = standing();
  if (found.ok() && now.good && was_refused(found->credentials)) {
    found = Error(ErrorKind::kTryAgain,
                  kinds_[found->kind].name + ": there is only the set that the cloud refused");
  }
  if (found.ok()) {
    return keep(std::move(found).value());
  }
  put_off(found.error());
  return now.good ? Result<Credentials>(std::move(*now.good)) : std::move(found).error();
}

// The kind that served, then, when its set is of no more use, all of them.
Result<CredentialChain::Found> CredentialChain::look() {
  std::optional<Current> current;
  std::optional<Credentials> refused;
  {
    const std::lock_guard lock(mutex_);
    current = current_;
    refused = refused_;
  }
  if (!current) {
    return search();
  }
  const CredentialKind& kind = kinds_[current->kind];
  Look look(kind, pace_, refused ? &*refused : nullptr);
  Reading reading = TRY(look.run().context(kind.name));
  if (reading.credentials) {
    return Found{std::move(*reading.credentials), current->kind, look.files()};
  }
  if (!current->rejected && !is_over(current->credentials, pace_.wall())) {
    return Error(ErrorKind::kTryAgain, kind.name + ": " + reading.why_not);
  }
  return search();
}

Result<CredentialChain::Found> CredentialChain::search() {
  std::vector<std::string> tried;
  ErrorKind error_kind = ErrorKind::kBadConfig;
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    Look look(kinds_[i], pace_, nullptr);
    Result<Reading> reading = look.run();
    if (!reading.ok()) {
      Error broken = std::move(reading).error().context(kinds_[i].name);
      return tried.empty() ? std::move(broken)
                           : std::move(broken).append("; before it: " + base::join(tried, "; "));
    }
    if (reading->credentials) {
      return Found{std::move(*reading->credentials), i, look.files()};
    }
    tried.push_back(kinds_[i].name + ": " + reading->why_not);
    error_kind = reading->for_now ? ErrorKind::kTryAgain : error_kind;
  }
  return Error(error_kind, "no credentials: " + base::join(tried, "; "))
      .advice("give the instance a RAM role, or one of the kinds of docs/credentials.md");
}

Credentials CredentialChain::keep(Found found) {
  const std::lock_guard lock(mutex_);
  const system_clock::time_point now = pace_.wall();
  const bool same = current_ && current_->credentials == found.credentials;
  Current next;
  next.renew_at = same && found.credentials.expiration
                      ? next_look(found.credentials, now)
                      : time_to_renew(found.credentials, kinds_[found.kind].early, now);
  next.credentials = std::move(found.credentials);
  next.kind = found.kind;
  next.files = std::move(found.files);
  if (!same) {
    previous_ = current_ && !current_->rejected ? current_ : std::nullopt;
  }
  if (refused_ != next.credentials) {
    refused_.reset();
  }
  current_ = std::move(next);
  last_failure_.clear();
  return current_->credentials;
}

// The old set stays; the next attempt is not made by the very next call.
void CredentialChain::put_off(const Error& failure) {
  const std::lock_guard lock(mutex_);
  last_failure_ = failure.text();
  if (current_) {
    current_->renew_at = next_look(current_->credentials, pace_.wall());
    current_->files = fingerprint(kinds_[current_->kind].files);
  }
}

void CredentialChain::reject(const Credentials& refused) {
  const std::lock_guard lock(mutex_);
  if (!current_ || current_->credentials != refused) {
    return;
  }
  refused_ = refused;
  current_->rejected = true;
  // The newer one may be half of two issues; the older one is good until it is over.
  if (previous_ && !is_over(previous_->credentials, pace_.wall())) {
    current_ = std::move(previous_);
    current_->renew_at = pace_.wall();
  }
  previous_.reset();
}

bool CredentialChain::was_refused(const Credentials& credentials) const {
  const std::lock_guard lock(mutex_);
  return refused_ == credentials;
}

std::string CredentialChain::kind() const {
  const std::lock_guard lock(mutex_);
  return current_ ? kinds_[current_->kind].name : std::string();
}

std::vector<std::string> CredentialChain::notices() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> notices;
  for (const std::string& file :
       current_ ? kinds_[current_->kind].files : std::vector<std::string>()) {
    if (const std::string mode = open_mode(file); !mode.empty()) {
      notices.push_back(open_file_notice(file, mode));
    }
  }
  return notices;
}

std::string CredentialChain::last_failure() const {
  const std::lock_guard lock(mutex_);
  return last_failure_;
}

CredentialOptions credential_options_of(const EniConf& conf) {
  CredentialOptions options;
  options.configured = conf.credentials;
  if (!conf.credential_path.empty()) {
    options.addon_token_file = conf.credential_path;
  }
  return options;
}

std::unique_ptr<CredentialChain> make_credential_source(const CredentialOptions& options,
                                                        const Environment& environment,
                                                        Transport& transport, Pace& pace,
                                                        Metadata& metadata) {
  const std::string sts = sts_url(environment, options.sts_url);
  std::vector<CredentialKind> kinds;
  kinds.push_back(key_files(options.key_id_file, options.key_secret_file, pace));
  kinds.push_back(static_keys("eni.conf", options.configured));
  kinds.push_back(environment_keys(environment));
  kinds.push_back(oidc_role(environment, sts, transport, pace));
  kinds.push_back(addon_token_file(options.addon_token_file));
  kinds.push_back(cli_profile(environment, sts, transport, pace, metadata));
  kinds.push_back(ini_profile(environment, sts, transport, pace, metadata));
  kinds.push_back(ram_role(environment, metadata));
  kinds.push_back(credentials_uri(environment, transport, pace));
  return std::make_unique<CredentialChain>(std::move(kinds), pace);
}

}  // namespace catena::cloud
