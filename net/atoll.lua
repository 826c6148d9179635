-- Wireshark dissector for Atoll's frames (layout: abi/wire.py).
-- Use: wireshark -X lua_script:net/atoll.lua FILE, tshark likewise; or copy it to the folder of Wireshark's plugins.
-- The tag is not checked (that takes the cluster's key); the checksum is.

local atoll = Proto("atoll", "Atoll")

local ETHERTYPE = 0x88b5
local ETHERNET = 14                             -- bytes before what we are given: offsets here are abi/wire.py's less that
local DATA = 112 - ETHERNET
local SEAL = 12
local TAG = 8

local kinds = {
    [1] = "HELLO", [2] = "REQUEST", [3] = "ASK", [4] = "ACK", [5] = "CANCEL",
    [16] = "WELCOME", [17] = "WANT", [18] = "WORKING", [19] = "BUSY", [20] = "REPLY",
}
local outcomes = {
    [0] = "ANSWERED", [1] = "NO_SUCH_SERVICE", [2] = "NOT_TAKEN", [3] = "UNKNOWN", [4] = "CANCELLED",
    [5] = "NOT_TRANSFERABLE",
}
local REQUEST, REPLY = 2, 20

local f = {
    version = ProtoField.uint16("atoll.version", "Version"),
    session = ProtoField.uint64("atoll.session", "Session of the sender", base.HEX),
    peer = ProtoField.uint64("atoll.peer", "Session of the receiver", base.HEX),
    transaction = ProtoField.uint64("atoll.transaction", "Transaction"),
    kind = ProtoField.uint8("atoll.kind", "Kind", base.DEC, kinds),
    name_size = ProtoField.uint8("atoll.name_size", "Bytes of the name"),
    channel = ProtoField.uint16("atoll.channel", "Channel"),
    fragment = ProtoField.uint16("atoll.fragment", "Fragment"),
    fragments = ProtoField.uint16("atoll.fragments", "Fragments"),
    message_size = ProtoField.uint32("atoll.message_size", "Bytes of the message"),
    data_size = ProtoField.uint32("atoll.data_size", "Bytes of data"),
    room = ProtoField.uint32("atoll.room", "Room for the reply"),
    outcome = ProtoField.uint32("atoll.outcome", "Outcome", base.DEC, outcomes),
    word = ProtoField.uint64("atoll.word", "Word", base.HEX),
    target = ProtoField.bytes("atoll.target", "Port"),
    name = ProtoField.string("atoll.name", "Service"),
    data = ProtoField.bytes("atoll.data", "Data"),
    tag = ProtoField.uint64("atoll.tag", "Tag", base.HEX),
    checksum = ProtoField.uint32("atoll.checksum", "Checksum", base.HEX),
}
atoll.fields = f

local too_short = ProtoExpert.new("atoll.short", "The frame is too short", expert.group.MALFORMED, expert.severity.ERROR)
local damaged = ProtoExpert.new("atoll.damaged", "The checksum is wrong", expert.group.CHECKSUM, expert.severity.ERROR)
atoll.experts = { too_short, damaged }

-- Where the header's fields are, and how long they are.
local header = {
    { "version", 0, 2 }, { "session", 2, 8 }, { "peer", 10, 8 }, { "transaction", 18, 8 }, { "kind", 26, 1 },
    { "name_size", 27, 1 }, { "channel", 28, 2 }, { "fragment", 30, 2 }, { "fragments", 32, 2 },
    { "message_size", 34, 4 }, { "data_size", 38, 4 }, { "room", 42, 4 }, { "outcome", 46, 4 },
}
local WORDS, TARGET = 50, 82

-- Adler-32 (RFC 1950) of all bytes before the checksum, those of the Ethernet header included.
local function adler32(bytes)
    local a, b = 1, 0
    for index = 0, bytes:len() - 1 do
        a = (a + bytes:get_index(index)) % 65521
        b = (b + a) % 65521
    end
    return b * 65536 + a
end

local function ethernet_header(pinfo)
    local text = (tostring(pinfo.dl_dst) .. tostring(pinfo.dl_src)):gsub(":", "")
    return text .. string.format("%04x", ETHERTYPE)
end

local function add_header(buffer, tree)
    for _, entry in ipairs(header) do
        tree:add_le(f[entry[1]], buffer(entry[2], entry[3]))
    end
    for word = 0, 3 do
        tree:add_le(f.word, buffer(WORDS + 8 * word, 8)):append_text(" (" .. word .. ")")
    end
    tree:add(f.target, buffer(TARGET, 16))
end

local function add_seal(buffer, pinfo, tree, place)
    tree:add_le(f.tag, buffer(place, TAG))
    local item = tree:add_le(f.checksum, buffer(place + TAG, SEAL - TAG))
    local covered = ByteArray.new(ethernet_header(pinfo))
    covered:append(buffer(0, place + TAG):bytes())
    if adler32(covered) ~= buffer(place + TAG, SEAL - TAG):le_uint() then
        item:add_proto_expert_info(damaged)
    end
end

local function summary(buffer)
    local kind = buffer(26, 1):uint()
    local text = (kinds[kind] or ("kind " .. kind)) .. " " .. tostring(buffer(18, 8):le_uint64())
    if kind == REQUEST or kind == REPLY then
        text = text .. " " .. (buffer(30, 2):le_uint() + 1) .. "/" .. buffer(32, 2):le_uint()
    end
    if kind == REPLY then
        local outcome = buffer(46, 4):le_uint()
        text = text .. " " .. (outcomes[outcome] or ("outcome " .. outcome))
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
    add_header(buffer, tree)
    local info = summary(buffer)
    local size = buffer(38, 4):le_uint()
    local place = math.ceil((ETHERNET + DATA + size) / 8) * 8 - ETHERNET    -- of the seal: padded in the whole frame
    if place + SEAL > buffer:len() then
        tree:add_proto_expert_info(too_short)
        pinfo.cols.info = info
        return buffer:len()
    end
    local name_size = buffer(27, 1):uint()
    if buffer(26, 1):uint() == REQUEST and buffer(30, 2):uint() == 0 and name_size > 0 and name_size <= size then
        tree:add(f.name, buffer(DATA, name_size))
        info = info .. " " .. buffer(DATA, name_size):string()
    end
    if size > 0 then
        tree:add(f.data, buffer(DATA, size))
    end
    add_seal(buffer, pinfo, tree, place)
    pinfo.cols.info = info
    return buffer:len()
end

DissectorTable.get("ethertype"):add(ETHERTYPE, atoll)
