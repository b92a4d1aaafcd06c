#include "common/podwish/checkpoint.h"

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/file.h"
#include "common/base/json_path.h"

namespace catena::podwish {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using Json = nlohmann::json;
using Pods = std::set<std::string>;

// Entries carry what the device plugin answered: some hundred bytes each.
constexpr std::size_t kMostBytes = std::size_t{16} << 20U;

Error unexpected(std::string_view what) {
  return {ErrorKind::kUndecodable, "unexpected shape: " + std::string(what)};
}

bool is_null(const Json* value) { return value == nullptr || value->is_null(); }

// Device ids are a list, or since Kubernetes 1.20 lists by NUMA node.
Result<bool> has_devices(const Json& entry) {
  const Json* const ids = base::find_at(entry, {"DeviceIDs"});
  if (is_null(ids)) {
    return false;
  }
  if (ids->is_array()) {
    return !ids->empty();
  }
  if (!ids->is_object()) {
    return unexpected("DeviceIDs");
  }
  bool any = false;
  for (const Json& of_node : *ids) {
    if (!of_node.is_array() && !of_node.is_null()) {
      return unexpected("DeviceIDs of a NUMA node");
    }
    any = any || !of_node.empty();
  }
  return any;
}

Result<Pods> pods_in(const Json* entries, std::string_view resource) {
  Pods pods;
  if (is_null(entries)) {
    return pods;
  }
  if (!entries->is_array()) {
    return unexpected("PodDeviceEntries");
  }
  for (const Json& entry : *entries) {
    const std::string& uid = base::text_at(entry, {"PodUID"});
    if (uid.empty()) {
      return unexpected("PodDeviceEntries without a PodUID");
    }
    if (base::text_at(entry, {"ResourceName"}) == resource && TRY(has_devices(entry))) {
      pods.insert(uid);
    }
  }
  return pods;
}

}  // namespace

Result<PodsWithDevice> parse_checkpoint(const std::string& text, std::string_view resource) {
  const Json root = TRY(base::parse_json(text, kMostBytes));
  const Json* const data = base::find_at(root, {"Data"});
  if (data == nullptr || !data->is_object()) {
    return unexpected("no Data");
  }
  const Json* const registered = base::find_at(*data, {"RegisteredDevices"});
  if (!is_null(registered) && !registered->is_object()) {
    return unexpected("RegisteredDevices");
  }
  Pods pods = TRY(pods_in(base::find_at(*data, {"PodDeviceEntries"}), resource));
  const bool served = base::find_at(*data, {"RegisteredDevices", resource}) != nullptr;
  return served || !pods.empty() ? PodsWithDevice(std::move(pods)) : PodsWithDevice();
}

Result<PodsWithDevice> pods_with_device(const std::string& path, std::string_view resource) {
  const Result<std::string> text = base::read_file(path, kMostBytes);
  if (!text.ok()) {
    return text.error().is(ErrorKind::kNotFound) ? Result(PodsWithDevice()) : text.error();
  }
  return parse_checkpoint(*text, resource).context("kubelet's device checkpoint " + path);
}

}  // namespace catena::podwish
