"""Calls: functions, generic functions (their types come from the arguments), methods, constructors, function values."""

from __future__ import annotations

import ast
import difflib

from atoll.compiler.check.access import Access
from atoll.compiler.symbols import ClassDecl, EnumDecl, ErrorDecl, FunctionDecl, FunctionSignature, Module, Symbol
from atoll.compiler.tree import Call, CallValue, Constant, Convert, Expression, FieldOf, Intrinsic, Make
from atoll.compiler.types import (
    I64,
    ArrayType,
    EnumType,
    Field,
    FunctionType,
    Int,
    OptionalType,
    RefType,
    SliceType,
    StructType,
    TupleType,
    Type,
    Variable,
    an,
    mentions_variable,
)


class Calls(Access):
    """The layer of calls of what the program declares."""

    def call_symbol(self, symbol: Symbol | None, node: ast.Call, expected: Type | None) -> Expression | None:
        """A call of a declared name; None if the symbol is none that can be called here."""
        match symbol:
            case FunctionDecl():
                return self._call_function(symbol, node, expected)
            case ClassDecl():
                return self._construct(symbol, (), node, expected)
            case EnumDecl():
                return self._enum(symbol, node)
            case ErrorDecl():
                raise self.refuse(
                    node,
                    f"an error such as {symbol.name} is made where it is raised",
                    f"write: raise {symbol.name}(...)",
                )
        return None

    # --- functions ----------------------------------------------------------------------------------------------------

    def _call_function(self, decl: FunctionDecl, node: ast.Call, expected: Type | None) -> Expression:
        if decl.is_assembly and decl.exported is None:
            raise self.refuse(node, f"@assembly function {decl.name} has no symbol", '@export("name") gives it one')
        if decl.parameters:
            return self._call_generic(decl, node, expected)
        function = self.program.function(decl)
        signature = self.program.signature(decl, {}, None)
        return Call(
            self.at(node), function.type.result, function, self.arguments(signature, node, decl.module, decl.name)
        )

    def arguments(
        self,
        signature: FunctionSignature,
        node: ast.Call,
        home: Module,
        name: str,
        skip: int = 0,
        checked: dict[str, Expression] | None = None,
    ) -> list[Expression]:
        """The arguments of a call in the order of the parameters, with defaults.

        `skip` leading ones are given elsewhere; those in `checked` are looked at already.
        """
        names, types = signature.names[skip:], signature.type.parameters[skip:]
        given = self._bind(names, node, name)
        result = []
        for parameter, type_ in zip(names, types, strict=True):
            if parameter in given:
                argument = given[parameter]
                value = (checked or {}).get(parameter) or self.expression(argument, type_)
                result.append(self.coerce(value, type_, argument))
            elif parameter in signature.defaults:
                result.append(self.default(signature.defaults[parameter], type_, home, signature.substitution))
            else:
                raise self.refuse(
                    node, f"{name}() misses its argument {parameter}", f"parameters: {', '.join(names) or 'none'}"
                )
        return result

    def _bind(self, names: tuple[str, ...], node: ast.Call, name: str) -> dict[str, ast.expr]:
        given: dict[str, ast.expr] = {}
        if len(node.args) > len(names):
            raise self.refuse(
                node,
                f"{name}() takes {len(names)} argument{'s' if len(names) != 1 else ''}, not {len(node.args)}",
                f"parameters: {', '.join(names) or 'none'}",
            )
        for parameter, argument in zip(names, node.args, strict=False):
            if isinstance(argument, ast.Starred):
                raise self.refuse(argument, "* in a call is not supported", "write each argument")
            given[parameter] = argument
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self.refuse(node, "** in a call is not supported", "write each argument")
            if keyword.arg not in names or keyword.arg in given:
                problem = "is given twice" if keyword.arg in given else "is not a parameter"
                raise self.refuse(
                    keyword,
                    f"argument {keyword.arg} of {name}() {problem}",
                    f"parameters: {', '.join(names) or 'none'}",
                )
            given[keyword.arg] = keyword.value
        return given

    def default(
        self, node: ast.expr, type_: Type, home: Module, substitution: dict[str, Type | int]
    ) -> Expression:
        """A default value: checked in the module that declares it."""
        checker = self.outside(home, substitution)
        return checker.coerce(checker.expression(node, type_), type_, node)

    def _call_generic(self, decl: FunctionDecl, node: ast.Call, expected: Type | None) -> Expression:
        """Infer the type arguments from the arguments (and the expected result), then call that use of the function."""
        variables = {name: Variable(name) for name in decl.parameters}
        pattern = self.program.signature(decl, dict(variables), None)
        given = self._bind(pattern.names, node, decl.name)
        found: dict[str, Type | int] = {}
        checked: dict[str, Expression] = {}
        for name, type_ in zip(pattern.names, pattern.type.parameters, strict=True):
            if name in given and mentions_variable(type_):
                checked[name] = self.expression(given[name], None if isinstance(type_, Variable) else type_)
                self.match(type_, self.settle(checked[name], given[name]).type, found)
        if expected is not None:
            self.match(pattern.type.result, expected, found)
        missing = [name for name in decl.parameters if name not in found]
        if missing:
            raise self.refuse(
                node,
                f"the types of this call of {decl.name}() do not tell {', '.join(missing)}",
                "annotate what you pass",
            )
        function = self.program.function(decl, None, tuple(found[name] for name in decl.parameters))
        signature = self.program.signature(decl, found, None)
        arguments = self.arguments(signature, node, decl.module, decl.name, 0, checked)
        return Call(self.at(node), function.type.result, function, arguments)

    def match(self, pattern: Type | int, type_: Type | int, found: dict[str, Type | int]) -> None:
        """Find what the variables of `pattern` must be to give `type_`; a misfit is refused with the arguments."""
        match pattern, type_:
            case Variable(), _:
                found.setdefault(pattern.name, type_)
            case SliceType(), ArrayType() | SliceType():
                self.match(pattern.element, type_.element, found)
            case ArrayType(), ArrayType():
                self.match(pattern.element, type_.element, found)
            case OptionalType(), OptionalType():
                self.match(pattern.inner, type_.inner, found)
            case RefType(), _:
                self.match(pattern.inner, type_, found)
            case TupleType(), TupleType():
                for a, b in zip(pattern.elements, type_.elements, strict=False):
                    self.match(a, b, found)
            case FunctionType(), FunctionType():
                for a, b in zip((*pattern.parameters, pattern.result), (*type_.parameters, type_.result), strict=False):
                    self.match(a, b, found)
            case StructType(), StructType() if pattern.decl is type_.decl:
                for c, d in zip(pattern.arguments, type_.arguments, strict=True):
                    self.match(c, d, found)

    # --- methods ------------------------------------------------------------------------------------------------------

    def method(self, base: Expression, name: str, node: ast.Call) -> Expression:
        """`base.name(...)` for a structure."""
        kind = base.type
        assert isinstance(kind, StructType)
        decl = kind.decl.methods.get(name)
        if decl is None:
            field = self.program.complete(kind).fields.get(name)
            if field is not None and isinstance(field.type, FunctionType):
                return self.call_value(self.attribute_of(base, name, node), node)
            raise self.refuse(node, f"{kind} has no method {name}", self._similar_in(name, kind))
        function = self.program.function(decl, kind)
        signature = self.program.signature(decl, self.program.substitution(kind), kind)
        if decl.is_static:
            return Call(
                self.at(node), function.type.result, function, self.arguments(signature, node, decl.module, name)
            )
        arguments = self.arguments(signature, node, decl.module, name, skip=1)
        return Call(self.at(node), function.type.result, function, [base, *arguments])

    def attribute_of(self, base: Expression, name: str, node: ast.AST) -> Expression:
        """A field of an expression that is checked already."""
        assert isinstance(base.type, StructType)
        field = base.type.fields[name]
        return FieldOf(self.at(node), field.type, base, field)

    @staticmethod
    def _similar_in(name: str, kind: StructType) -> str:
        near = difflib.get_close_matches(name, kind.decl.methods, 1)
        return f"did you mean {near[0]}?" if near else f"its methods: {', '.join(kind.decl.own_methods()) or 'none'}"

    def call_method(self, base: Expression, name: str, arguments: list[Expression], node: ast.AST) -> Expression:
        """A method that an operator or a statement stands for, such as `__getitem__`."""
        kind = base.type
        decl = kind.decl.methods.get(name) if isinstance(kind, StructType) else None
        if decl is None or not isinstance(kind, StructType):
            raise self.refuse(node, f"{kind} has no {name}()", f"write a method {name}")
        function = self.program.function(decl, kind)
        types = function.type.parameters[1:]
        if len(types) != len(arguments):
            raise self.refuse(node, f"{kind}.{name} takes {len(types)} arguments, not {len(arguments)}")
        converted = [self.coerce(a, t, node) for a, t in zip(arguments, types, strict=True)]
        return Call(self.at(node), function.type.result, function, [base, *converted])

    def call_value(self, callee: Expression, node: ast.Call) -> Expression:
        """A call of a function that is a value."""
        kind = callee.type
        if not isinstance(kind, FunctionType):
            raise self.refuse(node, f"{an(kind)} cannot be called")
        if node.keywords or len(node.args) != len(kind.parameters):
            raise self.refuse(node, f"{an(kind)} takes {len(kind.parameters)} arguments by position")
        arguments = [self.coerce(self.expression(a, t), t, a) for a, t in zip(node.args, kind.parameters, strict=True)]
        return CallValue(self.at(node), kind.result, callee, arguments)

    # --- constructors -------------------------------------------------------------------------------------------------

    def construct_generic(self, node: ast.Call, callee: ast.Subscript, expected: Type | None) -> Expression:
        """`Ring[Event, 64]()`, or `Array[u8, 16]()`."""
        type_ = self.resolve(callee)
        if isinstance(type_, StructType):
            return self._construct_type(type_, node)
        if isinstance(type_, ArrayType):
            return self.array(node, type_)
        raise self.refuse(node, f"{type_} cannot be made like this", f"expected was {expected}" if expected else "")

    def array(self, node: ast.Call, expected: Type | None) -> Expression:
        """`Array()`; given by the layer of built-ins."""
        raise AssertionError(node, expected)

    def _construct(
        self, decl: ClassDecl, arguments: tuple[Type | int, ...], node: ast.Call, expected: Type | None
    ) -> Expression:
        if decl.parameters and not arguments:
            if isinstance(expected, StructType) and expected.decl is decl:
                return self._construct_type(expected, node)
            written = f"{decl.name}[{', '.join(decl.parameters)}]"
            raise self.refuse(
                node,
                f"{decl.name} is generic: its types are not known here",
                f"write {written}(...) with types, or annotate the variable",
            )
        return self._construct_type(self.program.struct(decl, arguments, self.at(node)), node)

    def _construct_type(self, type_: StructType, node: ast.Call) -> Expression:
        self.program.complete(type_)
        decl = type_.decl
        if decl.is_dataclass:
            return self._construct_dataclass(type_, node)
        values = [
            (f, self._field_default(type_, f))
            for f in type_.fields.values()
            if self._default_node(type_, f) is not None
        ]
        init = decl.methods.get("__init__")
        if init is None:
            if node.args or node.keywords:
                raise self.refuse(node, f"{type_}() takes no arguments", "write an __init__, or make it a @dataclass")
            return Make(self.at(node), type_, values)
        function = self.program.function(init, type_)
        signature = self.program.signature(init, self.program.substitution(type_), type_)
        return Make(
            self.at(node), type_, values, function, self.arguments(signature, node, decl.module, decl.name, skip=1)
        )

    def _construct_dataclass(self, type_: StructType, node: ast.Call) -> Expression:
        fields = type_.fields
        given = self._bind(tuple(fields), node, type_.decl.name)
        values: list[tuple[Field, Expression]] = []
        for name, field in fields.items():
            if name in given:
                values.append((field, self.coerce(self.expression(given[name], field.type), field.type, given[name])))
            elif self._default_node(type_, field) is not None:
                values.append((field, self._field_default(type_, field)))
            else:
                raise self.refuse(node, f"{type_.decl.name}() misses its field {name}", f"fields: {', '.join(fields)}")
        return Make(self.at(node), type_, values)

    @staticmethod
    def _default_node(type_: StructType, field: Field) -> ast.expr | None:
        return next(
            n.value for n in type_.decl.field_nodes if isinstance(n.target, ast.Name) and n.target.id == field.name
        )

    def _field_default(self, type_: StructType, field: Field) -> Expression:
        node = self._default_node(type_, field)
        assert node is not None
        match node:
            case ast.Call(ast.Name("field"), [], [ast.keyword("default_factory", factory)]):
                node = ast.copy_location(ast.Call(factory, [], []), node)
                ast.fix_missing_locations(node)
        checker = self.outside(type_.decl.module, self.program.substitution(type_))
        return checker.coerce(checker.expression(node, field.type), field.type, node)

    def _enum(self, decl: EnumDecl, node: ast.Call) -> Expression:
        if len(node.args) != 1 or node.keywords:
            raise self.refuse(node, f"{decl.name}() takes one number")
        value = self.expression(node.args[0])
        type_ = EnumType(decl)
        if isinstance(value, Constant) and isinstance(value.value, int):
            if value.value in decl.members.values() or decl.flags:
                return Constant(self.at(node), type_, value.value)
            raise self.refuse(
                node, f"{value.value} is not a value of {decl.name}", f"members: {', '.join(decl.members)}"
            )
        number = (
            self.coerce(value, I64, node)
            if not isinstance(value.type, Int) or value.type.bits < 64 or value.type.signed
            else value
        )
        if decl.flags:
            return Convert(self.at(node), type_, "same", number)
        return Intrinsic(self.at(node), type_, "enum of", [number], decl)
