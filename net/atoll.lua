-- Wireshark dissector for Atoll's frames (layout: abi/wire.py).
-- Use: wireshark -X lua_script:net/atoll.lua FILE, tshark likewise; or copy it to the folder of Wireshark's plugins.
-- The tag is not checked (that takes the cluster's key); the checksum is.

local atoll = Proto("atoll", "Atoll")

local ETHERTYPE = 0x88b5
local ETHERNET = 14                             -- bytes before what we are given: offsets here are abi/wire.py's less that
local DATA = 64 - ETHERNET
local UNIT, SEAL, TAG = 16, 16, 8
local ENVELOPE, ANNOUNCEMENT, MOST_NAME = 128, 96, 120

local kinds = {
    [1] = "HELLO", [2] = "REQUEST", [3] = "ASK", [4] = "ACK", [5] = "CANCEL",
    [16] = "WELCOME", [17] = "WANT", [18] = "WORKING", [19] = "BUSY", [20] = "REPLY",
    [21] = "CANCELLED",
    [32] = "ANNOUNCE", [33] = "PROBE", [34] = "ALIVE", [35] = "WHO_HAS", [36] = "I_HAVE", [37] = "QUERY",
    [38] = "ANSWER",
}
local ways = { [0] = "CALL", [1] = "SEND", [2] = "NOTIFY", [3] = "CLAIM", [4] = "RELEASE", [5] = "AWAIT",
    [6] = "FRIENDS", [7] = "HOLD", [8] = "GOODBYE", [9] = "ELSEWHERE",
}
local outcomes = {
    [0] = "ANSWERED", [1] = "NO_SUCH_SERVICE", [2] = "NOT_TAKEN", [3] = "UNKNOWN", [4] = "CANCELLED",
    [5] = "NOT_TRANSFERABLE", [6] = "NO_SUCH_PORT",
}
local handles = { [0] = "none", [3] = "PORT", [5] = "GATE", [8] = "REPLY" }
local REQUEST, REPLY, ANNOUNCE, QUERY, ANSWER = 2, 20, 32, 37, 38
local enveloped = { [2] = true, [20] = true, [35] = true, [36] = true, [37] = true, [38] = true }
local fragmented = { [REQUEST] = true, [REPLY] = true }
local answers = { [REPLY] = true, [ANSWER] = true }

-- Numbers of a part of a frame: name, offset in the part, bytes, what they are, base, names of values.
local unsigned = {
    [1] = ProtoField.uint8, [2] = ProtoField.uint16, [4] = ProtoField.uint32, [8] = ProtoField.uint64,
}
local f = {}
local function numbers(entries)
    for _, entry in ipairs(entries) do
        local name, _, size, text, shown, values = table.unpack(entry, 1, 6)
        f[name] = unsigned[size]("atoll." .. name, text, shown or base.DEC, values)
    end
    return entries
end

local header = numbers {
    { "version", 0, 2, "Version" },
    { "session", 2, 8, "Session of the sender", base.HEX },
    { "peer", 10, 8, "Session of the receiver", base.HEX },
    { "transaction", 18, 8, "Transaction" },
    { "kind", 26, 1, "Kind", base.DEC, kinds },
    { "channel", 28, 2, "Channel" },
    { "fragment", 30, 2, "Fragment" },
    { "fragments", 32, 2, "Fragments" },
    { "message_size", 34, 4, "Bytes of the message" },
    { "data_size", 38, 2, "Bytes of data" },
    { "node", 40, 2, "Sender's number" },
    { "bits", 42, 8, "Missing fragments", base.HEX },
}
local envelope = numbers {
    { "badge", 48, 8, "Badge", base.HEX },
    { "handle_badge", 72, 8, "Handle's badge", base.HEX },
    { "handle_kind", 80, 8, "Handle's kind", base.DEC, handles },
    { "handle_node", 88, 8, "Handle's port was last seen at" },
    { "name_size", 104, 8, "Bytes of the service's name" },
    { "room", 112, 8, "Room for the reply" },
    { "taken", 120, 8, "Handle of the request taken" },
}
local TARGET, HANDLE, WAY, NAME_SIZE = 32, 56, 96, 104
local announcement = numbers {
    { "announced", 0, 8, "Number" },
    { "incarnation", 8, 8, "Incarnation" },
    { "start", 16, 8, "Start", base.HEX },
    { "speed", 24, 8, "Instructions per second" },
    { "memory", 32, 8, "Bytes of memory" },
    { "free", 40, 8, "Bytes free" },
    { "leaving", 48, 8, "Leaving" },
}
local ANNOUNCED_NAME_SIZE, ANNOUNCED_NAME, MOST_NODE_NAME = 56, 64, 32
-- What stands at no fixed place, or means one thing or another.
numbers {
    { "word", 0, 8, "Word", base.HEX },
    { "way", 0, 8, "Way", base.DEC, ways },
    { "outcome", 0, 8, "Outcome", base.DEC, outcomes },
    { "tag", 0, 8, "Tag", base.HEX },
    { "checksum", 0, 8, "Checksum", base.HEX },
}
f.target = ProtoField.bytes("atoll.target", "Port")
f.handle = ProtoField.bytes("atoll.handle", "Handle's port")
f.name = ProtoField.string("atoll.name", "Service")
f.node_name = ProtoField.string("atoll.node_name", "Node")
f.data = ProtoField.bytes("atoll.data", "Data")
atoll.fields = f

local too_short = ProtoExpert.new("atoll.short", "The frame is too short", expert.group.MALFORMED, expert.severity.ERROR)
local damaged = ProtoExpert.new("atoll.damaged", "The checksum is wrong", expert.group.CHECKSUM, expert.severity.ERROR)
atoll.experts = { too_short, damaged }

-- The 32 bits at a place, little-endian.
local function half(bytes, place)
    local value = 0
    for index = place + 3, place, -1 do
        value = value * 256 + bytes:get_index(index)
    end
    return value
end

-- The sum, modulo 2^64, of all words before the checksum, those of the Ethernet header included.
local function sum(bytes)
    local total = UInt64(0)
    for place = 0, bytes:len() - 8, 8 do
        total = total + UInt64.new(half(bytes, place), half(bytes, place + 4))
    end
    return total
end

local function ethernet_header(pinfo)
    local text = (tostring(pinfo.dl_dst) .. tostring(pinfo.dl_src)):gsub(":", "")
    return text .. string.format("%04x", ETHERTYPE)
end

local function add_numbers(entries, buffer, tree)
    for _, entry in ipairs(entries) do
        tree:add_le(f[entry[1]], buffer(entry[2], entry[3]))
    end
end

-- A number that says how long something is; what does not fit a Lua number is too long anyway.
local function small(range)
    local value = range:le_uint64()
    return value:higher() == 0 and value:lower() or 2 ^ 32
end

-- The envelope, and the service's name if there is one: what the list shows of them.
local function add_envelope(data, kind, tree)
    local part = tree:add(atoll, data(0, ENVELOPE), "Envelope")
    for word = 0, 3 do
        part:add_le(f.word, data(8 * word, 8)):append_text(" (" .. word .. ")")
    end
    part:add(f.target, data(TARGET, 16))
    part:add(f.handle, data(HANDLE, 16))
    add_numbers(envelope, data, part)
    local way = small(data(WAY, 8))
    if answers[kind] then
        part:add_le(f.outcome, data(WAY, 8))
        return " " .. (outcomes[way] or ("outcome " .. way))
    end
    part:add_le(f.way, data(WAY, 8))
    local text = kind == REQUEST and " " .. (ways[way] or ("way " .. way)) or ""
    local size = small(data(NAME_SIZE, 8))
    if size > 0 and size <= MOST_NAME and ENVELOPE + size <= data:len() then
        tree:add(f.name, data(ENVELOPE, size))
        return text .. " " .. data(ENVELOPE, size):string()
    end
    return text .. " " .. tostring(data(TARGET, 16):bytes()):lower()
end

local function add_announcement(data, tree)
    local part = tree:add(atoll, data(0, ANNOUNCEMENT), "Announcement")
    add_numbers(announcement, data, part)
    local name = data(ANNOUNCED_NAME, math.min(small(data(ANNOUNCED_NAME_SIZE, 8)), MOST_NODE_NAME))
    part:add(f.node_name, name)
    return " " .. name:string()
end

local function add_message(data, kind, is_first, tree)
    if enveloped[kind] and is_first and data:len() >= ENVELOPE then
        return add_envelope(data, kind, tree)
    elseif kind == ANNOUNCE and data:len() >= ANNOUNCEMENT then
        return add_announcement(data, tree)
    end
    return ""
end

local function add_seal(buffer, pinfo, tree, place)
    tree:add_le(f.tag, buffer(place, TAG))
    local item = tree:add_le(f.checksum, buffer(place + TAG, SEAL - TAG))
    local covered = ByteArray.new(ethernet_header(pinfo))
    covered:append(buffer(0, place + TAG):bytes())
    if sum(covered) ~= buffer(place + TAG, SEAL - TAG):le_uint64() then
        item:add_proto_expert_info(damaged)
    end
end

local function summary(buffer, kind)
    local text = (kinds[kind] or ("kind " .. kind)) .. " " .. tostring(buffer(18, 8):le_uint64())
    if fragmented[kind] then
        text = text .. " " .. (buffer(30, 2):le_uint() + 1) .. "/" .. buffer(32, 2):le_uint()
    end
    return text
end

function atoll.dissector(buffer, pinfo, root)
    pinfo.cols.protocol = "Atoll"
    local tree = root:add(atoll, buffer())
    if buffer:len() < DATA + SEAL then
        tree:add_proto_expert_info(too_short)
        return buffer:len()
    end
    add_numbers(header, buffer, tree)
    local kind, size = buffer(26, 1):uint(), buffer(38, 2):le_uint()
    local info = summary(buffer, kind)
    local place = DATA + math.ceil(size / UNIT) * UNIT    -- of the seal
    if place + SEAL > buffer:len() then
        tree:add_proto_expert_info(too_short)
    else
        if size > 0 then
            info = info .. add_message(buffer(DATA, size):tvb(), kind, buffer(30, 2):le_uint() == 0, tree)
            tree:add(f.data, buffer(DATA, size))
        end
        add_seal(buffer, pinfo, tree, place)
    end
    pinfo.cols.info = info
    return buffer:len()
end

DissectorTable.get("ethertype"):add(ETHERTYPE, atoll)
