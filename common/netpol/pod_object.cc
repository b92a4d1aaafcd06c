#include <netinet/in.h>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/json_path.h"
#include "common/netpol/object_fields.h"
#include "common/netpol/objects.h"
#include "common/netpol/sloppy.h"
#include "common/netpol/sorted.h"

namespace catena::netpol {
namespace {

using base::Fields;
using base::Result;
using base::Status;
using nlohmann::json;

constexpr std::int64_t kMostPort = 65535;

Result<Labels> labels_at(Fields& metadata) {
  Labels labels;
  for (auto& [key, value] : TRY(metadata.string_map("labels")).value_or(Pairs())) {
    labels[key] = std::move(value);
  }
  return labels;
}

Status read_ports(Fields& container, std::vector<NamedPort>& ports) {
  auto list = TRY(container.objects("ports"));
  for (Fields& fields : list ? *list : std::vector<Fields>()) {
    const std::string name = TRY(fields.string("name")).value_or("");
    if (name.empty()) {
      continue;
    }
    const auto number = TRY(fields.integer("containerPort", 1, kMostPort));
    if (!number) {
      return fields.bad_value("containerPort", "a number from 1 to 65535");
    }
    const std::uint8_t protocol = TRY(protocol_at(fields));
    ports.push_back(
        {.name = name, .protocol = protocol, .port = static_cast<std::uint16_t>(*number)});
  }
  return {};
}

Status read_containers(Fields& spec, Pod& pod) {
  for (const std::string_view key : {"containers", "initContainers"}) {
    auto list = TRY(spec.objects(key));
    for (Fields& container : list ? *list : std::vector<Fields>()) {
      TRY(read_ports(container, pod.ports));
    }
  }
  sort_once_each(pod.ports);
  return {};
}

Status read_address(Fields& fields, std::string_view key, Pod& pod) {
  const std::string text = TRY(fields.string(key)).value_or("");
  if (text.empty()) {
    return {};
  }
  const auto address = sloppy_address(text);
  if (!address.ok()) {
    return fields.bad_value(key, "an IP address");
  }
  pod.addresses.push_back(*address);
  return {};
}

Status read_status(Fields& status, Pod& pod) {
  const std::string phase = TRY(status.string("phase")).value_or("");
  pod.ignored |= phase == "Succeeded" || phase == "Failed";
  auto addresses = TRY(status.objects("podIPs"));
  for (Fields& entry : addresses ? *addresses : std::vector<Fields>()) {
    TRY(read_address(entry, "ip", pod));
  }
  TRY(read_address(status, "podIP", pod));
  sort_once_each(pod.addresses);
  return {};
}

Result<Pod> read_pod(const json& object) {
  Fields fields = TRY(Fields::of(object, ""));
  Fields metadata = TRY(required_object(fields, "metadata"));
  Pod pod;
  pod.space = TRY(required_text(metadata, "namespace"));
  pod.name = TRY(required_text(metadata, "name"));
  pod.uid = TRY(metadata.string("uid")).value_or("");
  pod.static_uid = base::text_at(object, {"metadata", "annotations", "kubernetes.io/config.hash"});
  pod.labels = TRY(labels_at(metadata));
  auto spec = TRY(fields.object("spec"));
  if (spec) {
    pod.ignored = TRY(spec->boolean("hostNetwork")).value_or(false);
    TRY(read_containers(*spec, pod));
  }
  auto status = TRY(fields.object("status"));
  if (status) {
    TRY(read_status(*status, pod));
  }
  return pod;
}

Result<Namespace> read_namespace(const json& object) {
  Fields fields = TRY(Fields::of(object, ""));
  Fields metadata = TRY(required_object(fields, "metadata"));
  Namespace space;
  space.name = TRY(required_text(metadata, "name"));
  space.labels = TRY(labels_at(metadata));
  return space;
}

}  // namespace

Result<std::string> required_text(Fields& fields, std::string_view key) {
  auto text = TRY(fields.string(key)).value_or("");
  if (text.empty()) {
    return fields.bad_value(key, "a text");
  }
  return text;
}

Result<Fields> required_object(Fields& fields, std::string_view key) {
  auto object = TRY(fields.object(key));
  if (!object) {
    return fields.bad_value(key, "an object");
  }
  return *std::move(object);
}

Result<std::uint8_t> protocol_at(Fields& fields) {
  const auto name = TRY(fields.one_of("protocol", {"TCP", "UDP", "SCTP"})).value_or("TCP");
  if (name == "TCP") {
    return std::uint8_t{IPPROTO_TCP};
  }
  return name == "UDP" ? std::uint8_t{IPPROTO_UDP} : std::uint8_t{IPPROTO_SCTP};
}

Result<Namespace> namespace_of(const json& object) {
  return as_undecodable(read_namespace(object));
}

Result<Pod> pod_of(const json& object) { return as_undecodable(read_pod(object)); }

}  // namespace catena::netpol
