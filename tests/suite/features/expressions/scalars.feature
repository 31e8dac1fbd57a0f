Feature: Other functions of one value

  Scenario Outline: [1] What they give
    Given an empty graph
    When executing query:
      """
      RETURN <call> AS x
      """
    Then the result should be, in any order:
      | x        |
      | <result> |
    And no side effects

    @source:cypher/functions/scalar#functions-valueType
    Examples:
      | call | result |
      | valueType('abc') | 'STRING NOT NULL' |
      | valueType(1) | 'INTEGER NOT NULL' |
      | valueType(2.0) | 'FLOAT NOT NULL' |
      | valueType(true) | 'BOOLEAN NOT NULL' |
      | valueType([date('2024-01-01')]) | 'LIST<DATE NOT NULL> NOT NULL' |
      | valueType(null) | 'NULL' |
      | valueType([]) | 'LIST<NOTHING> NOT NULL' |
      | valueType([1, null]) | 'LIST<INTEGER> NOT NULL' |
      | valueType([1, 'a', 2.0]) | 'LIST<STRING NOT NULL \| INTEGER NOT NULL \| FLOAT NOT NULL> NOT NULL' |
      | valueType({a: 1}) | 'MAP NOT NULL' |
      | valueType(point({x: 1, y: 2})) | 'POINT NOT NULL' |
      | valueType(duration('P1D')) | 'DURATION NOT NULL' |

    @source:cypher/functions/scalar#functions-nullIf
    Examples:
      | call | result |
      | nullIf(4, 4) | null |
      | nullIf('abc', 'def') | 'abc' |
      | nullIf(1, null) | 1 |
      | nullIf(null, 1) | null |

    @source:cypher/functions/scalar
    Examples:
      | call | result |
      | char_length('Alice') | 5 |
      | character_length('Alice') | 5 |
      | char_length(null) | null |
      | toIntegerOrNull('42') | 42 |
      | toIntegerOrNull(['A']) | null |
      | toFloatOrNull(true) | null |
      | toBooleanOrNull(1.5) | null |
      | coalesce(null, 2) | 2 |

    @source:cypher/functions/temporal
    Examples:
      | call | result |
      | toString(local_datetime('2024-01-02T03:04')) | '2024-01-02T03:04' |
      | toString(local_time('03:04')) | '03:04' |
      | toString(zoned_datetime('2024-01-02T03:04Z')) | '2024-01-02T03:04Z' |
      | toString(zoned_time('03:04Z')) | '03:04Z' |
      | toString(duration_between(date('2024-01-01'), date('2024-01-03'))) | 'P2D' |

  @source:cypher/functions/aggregating
  Scenario: [2] Deviations by their names in GQL
    Given an empty graph
    When executing query:
      """
      UNWIND [10, 20, 30] AS x RETURN stdev_samp(x) AS a, stdev_pop(x) = stDevP(x) AS b, collect_list(x) AS c
      """
    Then the result should be, in any order:
      | a    | b    | c            |
      | 10.0 | true | [10, 20, 30] |
    And no side effects

  @source:gql/19.13-property-exists-predicate
  Scenario: [3] Whether a property exists
    Given an empty graph
    And having executed:
      """
      CREATE (:A {v: 1})-[:R {w: 2}]->(:A)
      """
    When executing query:
      """
      MATCH (a:A) OPTIONAL MATCH (a)-[r:R]->() RETURN property_exists(a, v) AS v, PROPERTY_EXISTS(r, w) AS w
      """
    Then the result should be, in any order:
      | v     | w    |
      | true  | true |
      | false | null |
    And no side effects

  @source:gql/19.13-property-exists-predicate
  Scenario Outline: [4] What property_exists does not take
    Given an empty graph
    When executing query:
      """
      MATCH (a) RETURN <call> AS x
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

    Examples:
      | call                     |
      | property_exists(a, 'v')  |
      | property_exists(a)       |
      | property_exists(a.v, w)  |
