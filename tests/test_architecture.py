"""The map in `queue_service/__init__.py` is true: names import from their left only, rules are pure, nothing is made at import."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from sqlmodel import SQLModel

import queue_service
from queue_service.app import create_app
from queue_service.settings import Settings

PACKAGE = Path(queue_service.__file__).parent
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
MODULES = [str(path.relative_to(PACKAGE)) for path in FILES]
ALONE = "voice"
"""Run by set-up as a program of its own; the docstring says so too."""


def the_map() -> list[str]:
    """The names of the docstring's arrow line, from left to right."""
    drawn = re.search(r"\n\n((?: {4,}.*\n)+)\n", queue_service.__doc__ or "")
    assert drawn, "the docstring has no map"
    return re.findall(r"[a-z_]+", drawn[1])


def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"))


def name_of(module: str) -> str:
    """`tickets/rules.py` -> `tickets`; `db.py` -> `db`."""
    return module.partition("/")[0].removesuffix(".py")


def imported(module: str) -> Iterator[str]:
    """Every module that the file imports, wherever in it, as a dotted name."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            source = node.module or ""
            if source == "queue_service":
                yield from (f"{source}.{alias.name}" for alias in node.names)
            else:
                yield source


def ours(module: str) -> set[str]:
    """Names of the map that the file imports, its own aside."""
    found = {each.split(".")[1] for each in imported(module) if each.startswith("queue_service.")}
    return found - {name_of(module)}


def test_every_name_of_the_package_is_on_the_map() -> None:
    assert sorted({name_of(module) for module in MODULES}) == sorted([*the_map(), ALONE])


def test_a_name_imports_only_from_its_left() -> None:
    place = {name: index for index, name in enumerate(the_map())}
    wrong = {
        f"{module} imports {other}"
        for module in MODULES
        for other in ours(module)
        if name_of(module) == ALONE or other == ALONE or place[other] > place[name_of(module)]
    }
    assert not wrong


IMPURE = {"asyncio", "asyncpg", "litestar", "os", "random", "secrets", "socket", "sqlalchemy", "sqlmodel", "time", "uvicorn"}
PURE = [module for module in MODULES if module.endswith("/rules.py")]
PURE += ["statistics/forecast.py", "statistics/replay.py", "tickets/explanation.py"]


@pytest.mark.parametrize("module", PURE)
def test_rules_are_pure(module: str) -> None:
    sources = set(imported(module))
    assert not {source.split(".")[0] for source in sources} & IMPURE
    assert not {source.split(".")[1] for source in sources if source.startswith("queue_service.")} & {"db", "events", "settings", "timing"}
    waiting = [node for node in ast.walk(tree(module)) if isinstance(node, ast.AsyncFunctionDef | ast.Await)]
    assert not waiting


def test_there_are_rules_to_check() -> None:
    assert {"tickets/rules.py", "desks/rules.py", "offices/rules.py"} <= set(PURE)


def called_names(node: ast.AST) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            yield ast.unparse(call.func).rsplit(".", 1)[-1]


def run_at_import(module: str) -> Iterator[str]:
    """Names of what the module calls while it is imported, default arguments and decorators included."""
    for statement in tree(module).body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            for expression in [*statement.decorator_list, *statement.args.defaults, *(each for each in statement.args.kw_defaults if each)]:
                yield from called_names(expression)
        elif isinstance(statement, ast.ClassDef):
            for inner in statement.body:
                if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield from called_names(inner)
        else:
            yield from called_names(statement)


MADE_LATER = {"Settings", "from_environment", "Database", "create_async_engine", "create_engine", "create_pool", "Litestar", "create_app"}


def test_no_settings_and_no_engine_are_made_at_import() -> None:
    assert not {module: made for module in MODULES if (made := MADE_LATER & set(run_at_import(module)))}


def test_a_module_opens_by_saying_why_it_exists() -> None:
    assert not [module for module in MODULES if not ast.get_docstring(tree(module))]


def test_no_file_is_named_for_having_no_subject() -> None:
    assert not {Path(module).stem for module in MODULES} & {
        "utils",
        "util",
        "helpers",
        "lib",
        "common",
        "manager",
        "managers",
        "service",
        "misc",
    }


READS_THE_CLOCK = re.compile(r"\b(datetime\.now|utcnow|date\.today|time\.time)\(")


def test_only_timing_reads_the_clock() -> None:
    assert [module for module in MODULES if READS_THE_CLOCK.search((PACKAGE / module).read_text(encoding="utf-8"))] == ["timing.py"]


def functions(module: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_a_websocket_never_holds_a_transaction_open() -> None:
    """A handler that took `db` would keep its transaction until the client leaves."""
    sockets = [
        function
        for module in MODULES
        for function in functions(module)
        if "websocket" in {ast.unparse(each).split("(")[0] for each in function.decorator_list}
    ]
    assert len(sockets) >= 4
    assert not [each.name for each in sockets if "db" in {argument.arg for argument in each.args.args}]


@pytest.fixture(scope="module")
def app() -> Litestar:
    return create_app(Settings())


def test_the_unit_of_work_is_the_only_generator_dependency(app: Litestar) -> None:
    """With a second one a failing commit would come out as an ExceptionGroup and miss the error handlers."""
    generators = set()
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            for name, provider in handler.resolve_dependencies().items():
                if inspect.isasyncgenfunction(provider.dependency) or inspect.isgeneratorfunction(provider.dependency):
                    generators.add(name)
    assert generators == {"db"}


def handlers(app: Litestar) -> list[HTTPRouteHandler]:
    found = {
        id(handler): handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        if isinstance(handler, HTTPRouteHandler) and handler.fn.__module__.startswith("queue_service.")
    }
    return list(found.values())


def parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from parts(inner)


def test_no_table_row_is_an_input_or_an_output(app: Litestar) -> None:
    """A returned row leaks every column; a row as a body lets the client set its id."""
    checked = 0
    for handler in handlers(app):
        hints = get_type_hints(inspect.unwrap(handler.fn))
        for name in ("return", "data"):
            for part in parts(hints.get(name)):
                checked += 1
                assert not (inspect.isclass(part) and issubclass(part, SQLModel)), f"{handler.fn.__name__}: {name} is a table"
    assert checked > 20
