@source:cypher/expressions/predicates/type-predicate-expressions
Feature: IS TYPED - the type of a value

  Scenario Outline: [1] What is of a type
    Given an empty graph
    When executing query:
      """
      RETURN <expr> AS x
      """
    Then the result should be, in any order:
      | x        |
      | <result> |
    And no side effects

    Examples:
      | expr                                  | result |
      | 1 IS :: INTEGER                       | true   |
      | 1 IS TYPED INTEGER                    | true   |
      | 1 :: INTEGER                          | true   |
      | 1 :: INTEGER AND 'a' :: STRING        | true   |
      | 1 IS :: INT                           | true   |
      | 1 IS :: SIGNED INTEGER                | true   |
      | 1 IS :: integer                       | true   |
      | 1 IS :: FLOAT                         | false  |
      | 1 IS NOT :: FLOAT                     | true   |
      | 1 IS NOT TYPED INTEGER                | false  |
      | 1.0 IS :: FLOAT                       | true   |
      | 'a' IS :: STRING                      | true   |
      | 'a' IS :: VARCHAR                     | true   |
      | true IS :: BOOLEAN                    | true   |
      | {a: 1} IS :: MAP                      | true   |
      | null IS :: INTEGER                    | true   |
      | null IS :: INTEGER NOT NULL           | false  |
      | null IS NOT :: INTEGER                | false  |
      | null IS NOT :: INTEGER NOT NULL       | true   |
      | null IS :: NULL                       | true   |
      | 1 IS :: NULL                          | false  |
      | 1 IS :: ANY                           | true   |
      | 1 IS :: ANY VALUE                     | true   |
      | null IS :: ANY NOT NULL               | false  |
      | null IS :: NOTHING                    | false  |
      | 42 IS :: NOTHING                      | false  |
      | 1 IS :: INTEGER \| FLOAT              | true   |
      | 'a' IS :: INTEGER \| FLOAT            | false  |
      | 1 IS :: ANY<INTEGER \| FLOAT>         | true   |
      | null IS :: INTEGER NOT NULL \| FLOAT NOT NULL | false |
      | [1, 2] IS :: LIST<INTEGER>            | true   |
      | [1, 2] IS :: ARRAY<INTEGER>           | true   |
      | [1, 2] IS :: INTEGER LIST             | true   |
      | [1, null] IS :: INTEGER NOT NULL LIST | false  |
      | [1, 'a'] IS :: LIST<INTEGER>          | false  |
      | [1, null] IS :: LIST<INTEGER>         | true   |
      | [42, 42.0] IS :: LIST<INTEGER>        | false  |
      | [1, null] IS :: LIST<INTEGER NOT NULL> | false |
      | [1, 0, true] IS :: LIST<BOOLEAN \| INTEGER> | true |
      | [] IS :: LIST<STRING>                 | true   |
      | [] IS :: LIST<NOTHING>                | true   |
      | [] IS :: LIST<FLOAT NOT NULL>         | true   |
      | 1 IS :: LIST<INTEGER>                 | false  |
      | [[1], [2]] IS :: LIST<LIST<INTEGER>>  | true   |
      | [[1], ['a']] IS :: LIST<LIST<INTEGER>> | false |
      | [[1]] IS :: LIST<INTEGER> LIST        | true   |
      | null IS :: LIST<INTEGER> NOT NULL     | false  |
      | 1 IS :: INTEGER AND 2 > 1             | true   |
      | 1 + 1 IS :: INTEGER                   | true   |
      | (1 IS :: INTEGER) > false             | true   |
      | 1 IS :: INTEGER = true                | true   |
      | [x IN [1, 'a'] WHERE x IS :: STRING \| x + x] | ['aa'] |
      | CASE WHEN 1 IS :: STRING THEN 1 ELSE 2 END | 2 |
      | 1 IS :: PROPERTY VALUE                | true   |
      | [1, 2] IS :: ANY PROPERTY VALUE       | true   |
      | {a: 1} IS :: PROPERTY VALUE           | false  |

  Scenario Outline: [2] Times
    Given an empty graph
    When executing query:
      """
      RETURN <expr> AS x
      """
    Then the result should be, in any order:
      | x        |
      | <result> |
    And no side effects

    Examples:
      | expr                                                           | result |
      | date('2024-01-01') IS :: DATE                                  | true   |
      | date('2024-01-01') IS :: LOCAL DATETIME                        | false  |
      | localtime('12:00') IS :: LOCAL TIME                            | true   |
      | localtime('12:00') IS :: TIME WITHOUT TIME ZONE                | true   |
      | localtime('12:00') IS :: ZONED TIME                            | false  |
      | time('12:00Z') IS :: ZONED TIME                                | true   |
      | time('12:00Z') IS :: TIME WITH TIMEZONE                        | true   |
      | localdatetime('2024-01-01T12:00') IS :: LOCAL DATETIME         | true   |
      | localdatetime('2024-01-01T12:00') IS :: TIMESTAMP WITHOUT TIME ZONE | true |
      | datetime('2024-01-01T12:00Z') IS :: ZONED DATETIME             | true   |
      | datetime('2024-01-01T12:00Z') IS :: TIMESTAMP WITH TIME ZONE   | true   |
      | datetime('2024-01-01T12:00Z') IS :: ZONED DATETIME NOT NULL    | true   |
      | duration('P1D') IS :: DURATION                                 | true   |
      | [date('2024-01-01')] IS :: LIST<DATE \| DURATION>              | true   |
      | null IS :: ZONED TIME                                          | true   |

  Scenario: [3] Nodes, relationships, paths, properties
    Given an empty graph
    And having executed:
      """
      CREATE (:A {v: 1})-[:R]->(:A {v: 'x'})
      """
    When executing query:
      """
      MATCH p = (a:A)-[r]->(b)
      RETURN a IS :: NODE AS a, a IS :: ANY VERTEX AS v1, r IS :: RELATIONSHIP AS r, r IS :: EDGE AS e, p IS :: PATH AS p,
        a IS :: MAP AS m, [n IN nodes(p) WHERE n.v IS :: INTEGER | n.v] AS v
      """
    Then the result should be, in any order:
      | a    | v1   | r    | e    | p    | m     | v   |
      | true | true | true | true | true | false | [1] |
    And no side effects

  Scenario: [4] In WHERE, before another clause
    Given an empty graph
    And having executed:
      """
      UNWIND [1, 'x', 2.5] AS v CREATE (:A {v: v})
      """
    When executing query:
      """
      MATCH (n:A) WHERE n.v IS :: INTEGER | FLOAT WITH n.v AS v RETURN v ORDER BY v IS :: FLOAT DESC
      """
    Then the result should be, in order:
      | v   |
      | 2.5 |
      | 1   |
    And no side effects

  Scenario: [5] As a key of groups
    Given an empty graph
    When executing query:
      """
      UNWIND [1, 'x', 2, null] AS v RETURN v IS :: INTEGER NOT NULL AS i, count(*) AS n
      """
    Then the result should be, in any order:
      | i     | n |
      | true  | 2 |
      | false | 2 |
    And no side effects

  Scenario Outline: [6] What is no type
    Given an empty graph
    When executing query:
      """
      RETURN 1 IS :: <type> AS x
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

    Examples:
      | type                          |
      | INTEGR                        |
      | TIME                          |
      | INTEGER<STRING>               |
      | LIST<INTEGER                  |
      | INTEGER>                      |
      | INTEGER NOT NULL \| FLOAT     |
      | ANY<INTEGER \| FLOAT> NOT NULL |
      | INTEGER STRING                |
