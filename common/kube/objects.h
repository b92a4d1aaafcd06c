// Looking into Kubernetes objects without a throw.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace catena::kube {

// The value under `path`; null pointer where any of it is missing or of another shape.
const nlohmann::json* find_at(const nlohmann::json& object,
                              std::initializer_list<std::string_view> path);
// The text under `path`; empty where there is none.
const std::string& text_at(const nlohmann::json& object,
                           std::initializer_list<std::string_view> path);

const std::string& name_of(const nlohmann::json& object);
// Empty for what belongs to the cluster.
const std::string& namespace_of(const nlohmann::json& object);
const std::string& uid_of(const nlohmann::json& object);
const std::string& resource_version_of(const nlohmann::json& object);

}  // namespace catena::kube
