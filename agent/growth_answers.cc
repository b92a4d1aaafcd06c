#include "agent/growth_answers.h"

#include <string>

#include <nlohmann/json.hpp>

namespace catena::agent {

using base::Error;
using base::ErrorKind;
using base::Fields;
using base::Result;

Result<Families> families_in(Fields& args, std::string_view duty) {
  Families families;
  families.ipv4 = TRY(args.boolean("ipv4")).value_or(true);
  families.ipv6 = TRY(args.boolean("ipv6")).value_or(false);
  if (!families.ipv4 && !families.ipv6) {
    return Error(ErrorKind::kBadConfig, std::string(duty) + ": ipv4 and ipv6 are both false");
  }
  return families;
}

void put_shortage(nlohmann::json& answer, int missing, const std::optional<Error>& why) {
  if (missing > 0) {
    answer["missing"] = missing;
  }
  if (why.has_value()) {
    answer["why"] = why->text();
    answer["code"] = why->code();
  }
}

}  // namespace catena::agent
