// kubelet's own note of which pods it gave devices to: known with the API server away, and written
// before kubelet starts a pod's sandbox.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace catena::podwish {

inline constexpr const char* kCheckpoint =
    "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint";

// Uids as kubelet knows them. Nothing: the checkpoint does not know, so a pod that is not in it may
// have asked for a device all the same.
using PodsWithDevice = std::optional<std::set<std::string>>;

// The pods with a device of `resource`. Nothing where `path` does not exist, or names no such
// resource because no device plugin serves it. kIo, kUndecodable.
base::Result<PodsWithDevice> pods_with_device(const std::string& path, std::string_view resource);
// The same of the file's text.
base::Result<PodsWithDevice> parse_checkpoint(const std::string& text, std::string_view resource);

}  // namespace catena::podwish
