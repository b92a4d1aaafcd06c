#include "common/shaping/record_json.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"

namespace catena::shaping {
namespace {

using base::Fields;
using base::Result;
using base::Status;
using nlohmann::json;

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kMostBytes = 64U << 10U;
constexpr std::int64_t kAnyNumber = std::numeric_limits<std::int64_t>::max();

json texts_of(const std::vector<base::Prefix>& networks) {
  json texts = json::array();
  for (const base::Prefix& network : networks) {
    texts.push_back(network.to_string());
  }
  return texts;
}

json to_object(const Limit& limit) {
  return {{"rate", limit.rate_bits}, {"burst", limit.burst_bits}};
}

Result<std::string> text_at(Fields& fields, std::string_view key) {
  return TRY(fields.string(key)).value_or("");
}

Status read_limit(Fields& fields, std::string_view key, Limit& limit) {
  std::optional<Fields> members = TRY(fields.object(key));
  if (!members) {
    return fields.bad_value(key, "a limit");
  }
  limit.rate_bits =
      static_cast<std::uint64_t>(TRY(members->integer("rate", 0, kAnyNumber)).value_or(0));
  limit.burst_bits =
      static_cast<std::uint64_t>(TRY(members->integer("burst", 0, kAnyNumber)).value_or(0));
  return {};
}

Status read_pipes(Fields& fields, std::vector<Pipe>& pipes) {
  std::optional<std::vector<Fields>> entries = TRY(fields.objects("pipes"));
  for (Fields& entry : entries ? *entries : std::vector<Fields>()) {
    Pipe pipe;
    pipe.pod_link = TRY(text_at(entry, "podLink"));
    pipe.host_link = TRY(text_at(entry, "hostLink"));
    pipes.push_back(std::move(pipe));
  }
  return {};
}

Status read_shaped(Fields& fields, Shaped& shaped) {
  using Networks = std::vector<base::Prefix>;
  shaped.network = TRY(text_at(fields, "network"));
  shaped.container_id = TRY(text_at(fields, "containerID"));
  shaped.if_name = TRY(text_at(fields, "ifname"));
  if (shaped.container_id.empty() || shaped.if_name.empty()) {
    return fields.bad_value("containerID", "container and interface");
  }
  TRY(read_pipes(fields, shaped.pipes));
  const bool from_host = TRY(fields.one_of("egressFrom", {"pod", "host"})) == "host";
  shaped.egress_from = from_host ? EgressFrom::kHost : EgressFrom::kPod;
  shaped.subnets.shaped = TRY(fields.networks("shapedSubnets")).value_or(Networks());
  shaped.subnets.unshaped = TRY(fields.networks("unshapedSubnets")).value_or(Networks());
  return {};
}

Result<Record> read_record(const json& object) {
  Fields fields = TRY(Fields::of(object, ""));
  TRY(fields.integer("format", kFormat, kFormat));
  Record record;
  TRY(read_shaped(fields, record.shaped));
  record.netns = TRY(text_at(fields, "netns"));
  record.pod_namespace = TRY(text_at(fields, "podNamespace"));
  record.pod_name = TRY(text_at(fields, "podName"));
  record.pod_uid = TRY(text_at(fields, "podUid"));
  record.fixed = TRY(fields.boolean("fixed")).value_or(false);
  TRY(read_limit(fields, "ingress", record.rates.ingress));
  TRY(read_limit(fields, "egress", record.rates.egress));
  return record;
}

}  // namespace

std::string to_json(const Record& record) {
  const Shaped& shaped = record.shaped;
  json pipes = json::array();
  for (const Pipe& pipe : shaped.pipes) {
    pipes.push_back({{"podLink", pipe.pod_link}, {"hostLink", pipe.host_link}});
  }
  const json object = {{"format", kFormat},
                       {"network", shaped.network},
                       {"containerID", shaped.container_id},
                       {"ifname", shaped.if_name},
                       {"pipes", pipes},
                       {"egressFrom", shaped.egress_from == EgressFrom::kHost ? "host" : "pod"},
                       {"shapedSubnets", texts_of(shaped.subnets.shaped)},
                       {"unshapedSubnets", texts_of(shaped.subnets.unshaped)},
                       {"netns", record.netns},
                       {"podNamespace", record.pod_namespace},
                       {"podName", record.pod_name},
                       {"podUid", record.pod_uid},
                       {"fixed", record.fixed},
                       {"ingress", to_object(record.rates.ingress)},
                       {"egress", to_object(record.rates.egress)}};
  return base::print_json(object) + "\n";
}

Result<Record> record_from_json(std::string_view text) {
  const json object = TRY(base::parse_json(text, kMostBytes));
  Result<Record> record = read_record(object);
  if (!record.ok()) {
    return std::move(record).error().as(base::ErrorKind::kUndecodable);
  }
  return record;
}

}  // namespace catena::shaping
