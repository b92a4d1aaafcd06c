#include "agent/bandwidth_follow.h"

#include <optional>

#include <nlohmann/json.hpp>

#include "agent/api.h"
#include "common/base/error_list.h"
#include "common/podwish/wishes.h"
#include "common/shaping/record.h"

namespace catena::agent {
namespace {

using base::Result;
using podwish::Wishes;
using shaping::Rates;
using shaping::Record;
using Json = nlohmann::json;

std::string name_of(const Record& record) { return record.pod_namespace + "/" + record.pod_name; }

// What pods wish, from where it is to be had.
class WishSource {
 public:
  explicit WishSource(const LocalDuty& duty) : duty_(duty) {}

  // Nothing where that pod is not there any more.
  Result<std::optional<Wishes>> find(const Record& record) {
    std::optional<Wishes> wishes =
        duty_.pods != nullptr ? find_seen(name_of(record)) : TRY(look_up(record));
    if (wishes.has_value() && !record.pod_uid.empty() && !wishes->are_of(record.pod_uid)) {
      wishes.reset();
    }
    return wishes;
  }

 private:
  std::optional<Wishes> find_seen(const std::string& name) const {
    const auto found = duty_.pods->present.find(name);
    return found == duty_.pods->present.end() ? std::nullopt : std::optional(found->second);
  }

  Result<std::optional<Wishes>> look_up(const Record& record) {
    if (!client_.has_value()) {
      client_.emplace(TRY(open_api(duty_.api, duty_.budget)));
    }
    const Result<Json> pod = client_->get({kube::kPods, record.pod_namespace, record.pod_name});
    if (!pod.ok()) {
      return pod.error().is(base::ErrorKind::kNotFound) ? Result(std::optional<Wishes>())
                                                        : pod.error();
    }
    return std::optional(podwish::wishes_of(*pod));
  }

  const LocalDuty& duty_;
  std::optional<kube::Client> client_;
};

// A burst that was given at ADD stays with the rate for which it was.
void follow(shaping::Limit& limit, const std::optional<std::uint64_t>& wished) {
  if (limit.rate_bits != wished.value_or(0)) {
    limit = {.rate_bits = wished.value_or(0)};
  }
}

class Following {
 public:
  explicit Following(LocalDuty& duty) : duty_(duty), records_(duty.state_dir), wishes_(duty) {}

  Result<Json> run() {
    for (const Record& record : TRY(records_.list(duty_.notices))) {
      if (!record.fixed && !record.pod_name.empty()) {
        TRY(look_at(record));
      }
    }
    TRY(failures_.to_status());
    return Json{{"changed", std::move(changed_)}, {"refused", std::move(refused_)}};
  }

 private:
  base::Status look_at(const Record& record) {
    const std::optional<Wishes> wishes = TRY(wishes_.find(record));
    if (!wishes.has_value()) {
      return {};
    }
    const Result<podwish::Bandwidth> wished = podwish::bandwidth_of(wishes->annotations);
    if (!wished.ok()) {
      refused_.push_back(name_of(record) + ": " + wished.error().text());
      return {};
    }
    Rates rates = record.rates;
    follow(rates.ingress, wished->ingress);
    follow(rates.egress, wished->egress);
    if (rates != record.rates) {
      change(record, rates);
    }
    return {};
  }

  void change(const Record& record, const Rates& rates) {
    base::Status done = records_.reshape(record, rates).context("limits of " + name_of(record));
    const bool ok = done.ok();
    failures_.add(std::move(done));
    const auto now = records_.find(record.shaped.container_id, record.shaped.if_name);
    // Of a pod that is gone nothing was changed.
    if (ok && now.ok() && now->has_value() && (*now)->rates == rates) {
      changed_.push_back({{"pod", name_of(record)},
                          {"container", record.shaped.container_id},
                          {"ingress", rates.ingress.rate_bits},
                          {"egress", rates.egress.rate_bits}});
    }
  }

  LocalDuty& duty_;
  shaping::Records records_;
  WishSource wishes_;
  base::ErrorList failures_;
  Json changed_ = Json::array();
  Json refused_ = Json::array();
};

}  // namespace

Result<Json> answer_bandwidth_follow(LocalDuty& duty, base::Fields& args) {
  TRY(args.no_unknown_keys());
  return Following(duty).run();
}

}  // namespace catena::agent
