#include "agent/duty.h"

#include <algorithm>

namespace catena::agent {
namespace {

std::uint64_t seed_of(const Settings& settings) {
  return settings.seed != 0 ? settings.seed : std::random_device()();
}

}  // namespace

Duty::Duty(ipam::Store& store, cloud::Client& client, const Settings& settings, Millis budget)
    : store_(&store),
      client_(&client),
      settings_(&settings),
      end_(client.pace().elapsed() + budget),
      budget_(budget),
      random_(seed_of(settings)) {}

Millis Duty::left() const { return std::max(end_ - now(), Millis(0)); }

cloud::CallOptions Duty::call(const std::string& token) const {
  cloud::CallOptions options;
  options.client_token = token;
  options.budget = left();
  return options;
}

double Duty::random() { return std::uniform_real_distribution<double>(0.0, 1.0)(random_); }

base::Status Duty::pause(Millis time, std::string_view what) {
  if (wanted_ && wanted_()) {
    return base::Error(base::ErrorKind::kTryAgain,
                       std::string(what) + ": given up for what pods wait for")
        .advice("it goes on with the next call");
  }
  const auto wait =
      Millis(static_cast<Millis::rep>(static_cast<double>(time.count()) * (0.8 + 0.4 * random())));
  if (wait >= left()) {
    return base::Error(base::ErrorKind::kTryAgain, std::string(what) + ": not finished within " +
                                                       std::to_string(budget_.count() / 1000) +
                                                       " s")
        .advice("call it again, or catena-agent call recover, which goes on with what was begun");
  }
  client_->pace().sleep(wait);
  return {};
}

std::vector<std::string> Duty::take_notices() {
  std::vector<std::string> notices = store_->take_notices();
  std::ranges::move(notices_, std::back_inserter(notices));
  notices_.clear();
  return notices;
}

bool state_will_tell(const base::Status& done) {
  if (done.ok() || cloud::may_have_been_done(done.error())) {
    return true;
  }
  const cloud::ErrorClass error_class = cloud::class_of(done.error());
  return error_class == cloud::ErrorClass::kState || error_class == cloud::ErrorClass::kNotFound;
}

base::Status unless_state_tells(base::Status done) {
  return state_will_tell(done) ? base::Status() : std::move(done);
}

bool Absence::confirmed(const Duty& duty) {
  if (!since_.has_value()) {
    since_ = duty.now();
  }
  return duty.now() - *since_ >= kLag;
}

bool Repeat::due(const Duty& duty, std::string_view what, Millis after) {
  if (last_ == what && duty.now() - at_ < after) {
    return false;
  }
  times_ = last_ == what ? times_ + 1 : 1;
  last_ = what;
  at_ = duty.now();
  return true;
}

base::Result<std::optional<cloud::NetworkInterface>> look(Duty& duty, const std::string& eni) {
  using Found = std::optional<cloud::NetworkInterface>;
  base::Result<cloud::NetworkInterface> found =
      cloud::describe_network_interface_attribute(duty.client(), eni, duty.call());
  if (found.ok()) {
    return Found(std::move(found).value());
  }
  if (found.error().is(base::ErrorKind::kNotFound)) {
    return Found();
  }
  return std::move(found).error();
}

}  // namespace catena::agent
