Feature: ORDER BY, SKIP, OFFSET and LIMIT as clauses

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (:P {name: 'Andy', age: 34}), (:P {name: 'Bernard', age: 36}), (:P {name: 'Charlotte', age: 32})
      """

  @source:cypher/clauses/order-by#order-standalone-clause
  Scenario: [1] ORDER BY alone
    When executing query:
      """
      MATCH (n) ORDER BY n.name RETURN collect(n.name) AS names
      """
    Then the result should be, in any order:
      | names                            |
      | ['Andy', 'Bernard', 'Charlotte'] |
    And no side effects

  @source:cypher/clauses/order-by#order-standalone-clause
  Scenario: [2] With SKIP and LIMIT
    When executing query:
      """
      MATCH (n) ORDER BY n.name DESC SKIP 1 LIMIT 1 RETURN n.name AS name
      """
    Then the result should be, in any order:
      | name      |
      | 'Bernard' |
    And no side effects

  @source:gql/14.9-order-by-and-page-statement
  Scenario: [3] OFFSET, and a LIMIT of a parameter
    And parameters are:
      | n | 1 |
    When executing query:
      """
      MATCH (n) ORDER BY n.age OFFSET 1 LIMIT $n RETURN n.name AS name
      """
    Then the result should be, in any order:
      | name   |
      | 'Andy' |
    And no side effects

  @source:gql/14.9-order-by-and-page-statement
  Scenario: [4] LIMIT alone, and everything stays in scope
    When executing query:
      """
      MATCH (n) LET a = n.age ORDER BY a LIMIT 2 MATCH (m {age: a}) RETURN n.name AS n, m.name AS m, a
      """
    Then the result should be, in any order:
      | n           | m           | a  |
      | 'Charlotte' | 'Charlotte' | 32 |
      | 'Andy'      | 'Andy'      | 34 |
    And no side effects

  @source:cypher/clauses/limit
  Scenario: [5] In a subquery, for each row
    When executing query:
      """
      MATCH (n:P) CALL (n) { MATCH (m:P) WHERE m.age <= n.age ORDER BY m.age SKIP 1 RETURN m.name AS m } RETURN n.name AS n, collect(m) AS m
      """
    Then the result should be, in any order:
      | n         | m                   |
      | 'Andy'    | ['Andy']            |
      | 'Bernard' | ['Andy', 'Bernard'] |
    And no side effects

  @source:cypher/clauses/limit
  Scenario: [6] LIMIT before changes
    When executing query:
      """
      MATCH (n) ORDER BY n.age LIMIT 1 SET n.youngest = true
      """
    Then the result should be empty
    And the side effects should be:
      | +properties | 1 |

  @source:cypher/clauses/limit
  Scenario: [7] In EXISTS and COUNT
    When executing query:
      """
      RETURN COUNT { MATCH (n:P) LIMIT 2 } AS c, EXISTS { MATCH (n:P) SKIP 3 } AS e
      """
    Then the result should be, in any order:
      | c | e     |
      | 2 | false |
    And no side effects

  @source:cypher/clauses/skip
  Scenario Outline: [8] What they do not take
    When executing query:
      """
      MATCH (n) <clause> RETURN n
      """
    Then a SyntaxError should be raised at compile time: <detail>

    Examples:
      | clause            | detail                  |
      | LIMIT -1          | NegativeIntegerArgument |
      | SKIP n.age        | NonConstantExpression   |
      | LIMIT 'a'         | InvalidArgumentType     |
      | ORDER BY count(*) | InvalidAggregation      |
      | ORDER BY x        | UndefinedVariable       |

  @source:cypher/clauses/order-by
  Scenario: [9] A query does not end so
    When executing query:
      """
      MATCH (n) ORDER BY n.age
      """
    Then a SyntaxError should be raised at compile time: InvalidClauseComposition

  # The words are names where a name is meant.
  @source:definition
  Scenario: [10] The words as names
    When executing query:
      """
      WITH 1 AS order, 2 AS skip, 3 AS limit, 4 AS offset, 5 AS next ORDER BY order SKIP 0 LIMIT 1 RETURN order, skip, limit, offset, next
      """
    Then the result should be, in any order:
      | order | skip | limit | offset | next |
      | 1     | 2    | 3     | 4      | 5    |
    And no side effects
