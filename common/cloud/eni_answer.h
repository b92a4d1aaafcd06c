// An ENI as Create, Describe and DescribeAttribute answer it.
#pragma once

#include "common/cloud/ecs.h"
#include "common/cloud/reader.h"

namespace catena::cloud {

NetworkInterface read_network_interface(const Reader& answer);

EniType eni_type(std::string_view name);

// Text of addresses and prefixes for a parameter list.
std::vector<std::string> texts_of(const std::vector<base::IpAddress>& addresses);
std::vector<std::string> texts_of(const std::vector<base::Prefix>& prefixes);

// Nothing for 0.
void add_count(Params& params, std::string_view name, int count);

}  // namespace catena::cloud
