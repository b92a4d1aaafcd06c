#include "agent/daemon/advertiser.h"

#include <nlohmann/json.hpp>

#include "agent/node.h"
#include "common/base/fields.h"
#include "common/cloud/eni_conf.h"

namespace catena::agent {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

const DutyKind& duty_of(std::string_view name) { return *find_duty(name).value(); }

}  // namespace

// A kubelet that starts may set what it does not know to nothing: the status is compared often.
Advertiser::Advertiser(const std::string& eni_conf, Loop& loop, Desk& desk, base::Log& log)
    : eni_conf_(eni_conf.empty() ? kEniConf : eni_conf),
      log_(log),
      ask_(
          loop, desk, log, duty_of("eni.capacity"), {.period = seconds(30)},
          [] { return std::string("{}"); }, [this](const Json& answer) { hear(answer); }),
      tell_(
          loop, desk, log, duty_of("node.capacity"), {.period = seconds(60)},
          [this] { return args_of_status(); },
          [this](const Json& result) {
            if (result.value("patched", false)) {
              log_.info("aliyun/eni of this node's status: " +
                        base::print_json(result.value("capacity", Json())));
            }
          }) {
  ask_.start();
}

void Advertiser::hear(const Json& answer) {
  const bool first = !capacity_.has_value();
  const int capacity = answer.value("capacity", 0);
  // A file that can't be read says nothing: what it said before holds.
  const base::Result<bool> may = cloud::advertises_enis(eni_conf_);
  const bool wanted = may.ok() ? *may : wanted_;
  const bool changed = capacity_ != capacity || wanted_ != wanted;
  capacity_ = capacity;
  wanted_ = wanted;
  if (first) {
    tell_.start();
  } else if (changed) {
    tell_.nudge();
  }
}

std::string Advertiser::args_of_status() {
  return base::print_json(wanted_ ? Json{{"capacity", *capacity_}} : Json{{"withdraw", true}});
}

}  // namespace catena::agent
