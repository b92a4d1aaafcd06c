// What the metadata service has to say about one instance.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/metadata_service.h"
#include "sim/world.h"

namespace catena::sim {

// Path below /latest -> text. Only what is there: an absent item has no entry. The keys of a role
// are left empty.
using MetadataTree = std::map<std::string, std::string>;

MetadataTree metadata_tree(const InstanceView& instance, const std::vector<NicView>& nics,
                           MetadataOptions::PrefixList prefix_list);

// One entry a line, directories with "/" behind; nothing where `path` is no directory.
std::optional<std::string> metadata_listing(const MetadataTree& tree, std::string path);

}  // namespace catena::sim
