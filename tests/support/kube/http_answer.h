// Small things between httplib and JSON.
#pragma once

#include <cstdint>
#include <httplib.h>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "tests/support/kube/object_store.h"

namespace catena::test {

std::string print_line(const nlohmann::json& json);
void write(httplib::Response& response, const Reply& reply);
// Whether a parameter of the query says yes.
bool is_on(const httplib::Request& request, const char* parameter);
// `otherwise` where `text` is no number.
std::uint64_t number_of(const std::string& text, std::uint64_t otherwise);

}  // namespace catena::test
