// Values as the cloud writes them.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "sim/world/state.h"

namespace catena::sim {

std::string with_seconds(Time time);     // 2026-01-02T03:04:05Z, of ENIs and the VPC's objects
std::string without_seconds(Time time);  // 2026-01-02T03:04Z, of instances
std::string text_of(const std::optional<base::Prefix>& prefix);  // empty where absent

// {"<item>": [...]}, which is how each list is wrapped.
nlohmann::json wrapped(const std::string& item, std::vector<nlohmann::json> values);
nlohmann::json wrapped_texts(const std::string& item, const std::vector<std::string>& values);
std::vector<std::string> texts(const std::vector<base::IpAddress>& addresses);
std::vector<std::string> texts(const std::vector<base::Prefix>& prefixes);

// {"Tag": [{"TagKey", "TagValue"}]}, and with the names of the VPC API.
nlohmann::json ecs_tags(const Tags& tags);
nlohmann::json vpc_tags(const Tags& tags);

// The object of CreateNetworkInterface, DescribeNetworkInterfaces and ...Attribute.
enum class EniShape { kCreated, kListed, kAttribute };
nlohmann::json eni_json(const State& state, const Eni& eni, EniShape shape);

}  // namespace catena::sim
