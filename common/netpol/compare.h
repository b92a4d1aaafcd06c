// One set, chain or subject as it was and as it is to be. Internal to this folder.
#pragma once

#include <string>

#include "common/netpol/rules.h"

namespace catena::netpol {

// Adds to `changes` what leads from one to the other. Null: there is none; not both.
void compare(const std::string& name, const Set* have, const Set* want, Changes& changes);
void compare(const std::string& name, const Chain* have, const Chain* want, Changes& changes);
void compare(const std::string& id, const Subject* have, const Subject* want, Changes& changes);

}  // namespace catena::netpol
