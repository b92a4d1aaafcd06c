#include "agent/devices/offer.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "common/ask/duty.h"
#include "common/base/clock.h"
#include "common/base/fields.h"
#include "common/base/file.h"

namespace catena::devices {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using Json = nlohmann::json;

constexpr std::size_t kMostFile = 4096;   // bytes
constexpr std::int64_t kMostEnis = 1024;  // far more than any instance type has
constexpr std::string_view kDevicePrefix = "eni-";

Result<Capacity> capacity_in(base::Fields& fields) {
  const auto enis = TRY(fields.integer("capacity", 0, kMostEnis));
  if (!enis.has_value()) {
    return Error(ErrorKind::kUndecodable, "there is no 'capacity'");
  }
  Capacity capacity;
  capacity.enis = static_cast<int>(*enis);
  capacity.reason = TRY(fields.string("reason")).value_or("");
  return capacity;
}

}  // namespace

Result<Capacity> ask_capacity(std::chrono::milliseconds patience) {
  ask::Question question;
  question.duty = "eni.capacity";
  question.args = "{}";
  const Json answer = TRY(ask::duty_of_daemon(question, patience));
  base::Fields fields = TRY(base::Fields::of(answer, "").context("eni.capacity"));
  return capacity_in(fields).context("eni.capacity");
}

Offer Offer::load(const std::string& state_dir, std::string& trouble) {
  Offer offer(state_dir + "/eni.capacity");
  const Result<std::string> text = base::read_file(offer.path_, kMostFile);
  if (!text.ok()) {
    trouble = text.error().is(ErrorKind::kNotFound) ? "" : text.error().text();
    return offer;
  }
  const Status read = offer.read(*text);
  trouble = read.ok() ? "" : offer.path_ + ": " + read.error().text();
  return offer;
}

Status Offer::read(const std::string& text) {
  const Json json = TRY(base::parse_json(text, kMostFile));
  base::Fields fields = TRY(base::Fields::of(json, ""));
  Capacity capacity = TRY(capacity_in(fields));
  const auto listed = TRY(fields.integer("listed", 0, kMostEnis)).value_or(0);
  const std::string boot = TRY(fields.string("bootId")).value_or("");
  // No pod of an earlier boot holds a device.
  const bool same_boot = boot == TRY(base::boot_id());
  listed_ = std::max(same_boot ? static_cast<int>(listed) : 0, capacity.enis);
  capacity_ = std::move(capacity);
  return {};
}

bool Offer::set(const Capacity& capacity) {
  const std::vector<Device> before = devices();
  const bool first = !known();
  capacity_ = capacity;
  listed_ = std::max(listed_, capacity.enis);
  return first || devices() != before;
}

Status Offer::save() const {
  const std::string boot = TRY(base::boot_id());
  const Json json{{"capacity", enis()},
                  {"listed", listed_},
                  {"reason", capacity_ ? capacity_->reason : ""},
                  {"bootId", boot}};
  return base::replace_file(path_, base::print_json(json) + "\n");
}

std::vector<Device> Offer::devices() const {
  std::vector<Device> devices;
  devices.reserve(static_cast<std::size_t>(listed_));
  for (int i = 0; i < listed_; ++i) {
    devices.push_back(
        {.id = std::string(kDevicePrefix) + std::to_string(i), .healthy = i < enis()});
  }
  return devices;
}

bool Offer::is_offered(const std::string& device) const {
  int number = -1;
  const char* const end = device.data() + device.size();
  return device.starts_with(kDevicePrefix) &&
         std::from_chars(device.data() + kDevicePrefix.size(), end, number).ptr == end &&
         number >= 0 && number < enis();
}

Status Offer::check(const Allocation& allocation) const {
  for (const std::vector<std::string>& container : allocation) {
    if (container.size() > 1) {
      return Error(ErrorKind::kTryAgain, "a container asks for " +
                                             std::to_string(container.size()) + " " + kResource +
                                             ", but a pod has one ENI of its own: ask for 1");
    }
    for (const std::string& device : container) {
      if (!is_offered(device)) {
        std::string text = "no ";
        text.append(kResource).append(" for device ").append(device);
        text.append(": this node has room for ").append(std::to_string(enis()));
        text.append(" pods with an ENI of their own");
        if (capacity_ && !capacity_->reason.empty()) {
          text.append(" (").append(capacity_->reason).append(")");
        }
        return Error(ErrorKind::kTryAgain, std::move(text));
      }
    }
  }
  return {};
}

}  // namespace catena::devices
